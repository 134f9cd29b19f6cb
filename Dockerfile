# The same lock in a container: docker build -t heschl . && docker run --rm -v "$PWD/results:/heschl/results" heschl
# Written with care, but not built by our tests: no Docker engine runs there.
FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make util-linux libgomp1 libsndfile1 libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /heschl
COPY . .
RUN make setup && rm -rf .cache/uv
CMD ["make", "demo"]

"""Plain torch modules and their LightningModules."""

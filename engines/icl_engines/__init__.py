"""Engine providers: diffusers pipelines behind the engine protocol."""

"""HTTP: resources and actions over the engine; they translate and decide nothing."""

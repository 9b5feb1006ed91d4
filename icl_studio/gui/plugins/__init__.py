"""The page Plugins: what is installed and how it fares, what is dropped, what is begun anew."""

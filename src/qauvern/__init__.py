"""qauvern shares an organisation's quantum computing time fairly among its service instances."""

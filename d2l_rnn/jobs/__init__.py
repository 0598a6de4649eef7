"""What runs in processes of its own: many experiments, here or on dask; or one."""

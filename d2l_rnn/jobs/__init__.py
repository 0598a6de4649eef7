"""What runs many experiments: processes of this machine, or a dask cluster's."""

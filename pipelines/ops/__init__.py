"""Commands around the DAG: the whole of it at once, Prefect's server, deployments, workers, web pages."""

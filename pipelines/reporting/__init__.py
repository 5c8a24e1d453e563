"""What people read: metrics, pictures, and the comparison of a pipeline's runs."""

"""The services of an installation without containers: PostgreSQL, Airflow, and the supervisor that keeps them."""

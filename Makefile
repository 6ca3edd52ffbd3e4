# The two commands of a newcomer; both set up everything they need first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test lint audit

app: .venv/app.stamp
	$(BIN)/python app.py

# Two workers with a thread each: the threads of PyTorch would otherwise fight for the cores.
test: .venv/test.stamp lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/hadolint Dockerfile

# Known weaknesses of what is installed, by the Python Package Index's own register.
audit: .venv/test.stamp
	$(BIN)/python -m pip_audit --progress-spinner off

# Stamps are written last, so that an interrupted installation is done again.
.venv/app.stamp: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed.")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/test.stamp: .venv/app.stamp requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

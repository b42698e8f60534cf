# What is done often. `just` alone lists it.

default:
    @just --list

# The command line, built for use: `just run list`
run *arguments:
    cargo run --release -- {{ arguments }}

# Every test that needs nothing but Rust and a C compiler
test *arguments:
    cargo test --workspace {{ arguments }}

# All that must hold before a change lands
ci:
    .ci/run

# The Debian package, into a folder
deb folder:
    cargo build --release -p counterpart-cli
    .ci/deb target/release/counterpart {{ folder }}

# Measurements; compare them on one quiet machine only
bench:
    cargo bench -p counterpart-evidence
    cargo build --release -p counterpart-cli
    cargo bench -p counterpart-node --bench figures

# Writes the generated part of docs/protocol.md anew; read the difference before keeping it
bless:
    COUNTERPART_BLESS=1 cargo test -p counterpart-core cddl

# The Python with which tests run the second verifier
python:
    .ci/python

# What one test needs to open a case's document with the JavaScript Automerge
js:
    .ci/js

# What one test needs to use the pages in a browser
web:
    .ci/web

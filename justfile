# What is done often. `just` alone lists it.

default:
    @just --list

# The command line, built for use: `just run show`
run *arguments:
    cargo run --release -- {{ arguments }}

# Every test that needs nothing but Rust and a C compiler
test *arguments:
    cargo test --workspace {{ arguments }}

# All that must hold before a change lands
ci:
    .ci/run

# Measurements; compare them on one quiet machine only
bench *arguments:
    cargo bench --workspace {{ arguments }}

# Writes generated parts of the documents, fixtures and snapshots anew; read the difference before keeping it
bless *arguments:
    COUNTERPART_BLESS=1 cargo test --workspace {{ arguments }}

# What one test needs to open a case's document with the JavaScript Automerge
js:
    .ci/js

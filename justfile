# The recipes of the project; `just` alone lists them.

[private]
default:
    @just --list --unsorted

# Everything a change must pass, with what needs an extra install.
check: quick deny typos

# Format, lints and documentation: needs only the Rust toolchain.
quick:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy -p toolrun --no-default-features -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Licences, bans and advisories: needs cargo-deny.
deny:
    cargo deny check

# Spelling: needs typos.
typos:
    typos

# The whole test suite: no network, no key.
test:
    cargo test --workspace

# Accepts the outputs of the black-box tests as they are; review the diff.
bless:
    TOOLRUN_BLESS=1 cargo test -p toolrun --test it

# Writes what is made from the code: the pages under docs/reference and the JSON Schema of manifests.
gen:
    for page in commands errors events exit-codes keys lints; do cargo run -q -p toolrun -- reference $page > docs/reference/$page.md || exit 1; done
    TOOLRUN_BLESS=1 cargo test -p toolrun --test it schema::

# The figures of the README; compare ratios, and only from a quiet machine.
bench:
    cargo build --release -p toolrun-http --example bare_client
    cargo build --release -p toolrun-manifest --example bare_parse
    cargo bench -p toolrun --bench figures

# The embedded model on its prompts: accuracy, confidence, times.
needle-eval *options:
    cargo run --release -p toolrun-model --features embedded-model --example needle_eval -- {{ options }}

# Checks against data made elsewhere: folders of recorded exchanges, function-calling cases, hostile payloads, providers' descriptions.
oracles recordings bfcl payloads openapi:
    TOOLRUN_RECORDINGS={{ recordings }} cargo test -p toolrun-model --test wires -- --ignored --nocapture
    TOOLRUN_BFCL={{ bfcl }} cargo test -p toolrun-validator --test bfcl -- --ignored --nocapture
    TOOLRUN_PAYLOADS={{ payloads }} cargo test -p toolrun-manifest payloads -- --ignored --nocapture
    TOOLRUN_PAYLOADS={{ payloads }} cargo test -p toolrun --test it payload -- --ignored --nocapture
    TOOLRUN_OPENAPI={{ openapi }} cargo test -p toolrun --test it published -- --ignored --nocapture

# Every special address in every spelling, dialled in a network namespace: needs root and Linux.
netns:
    tests/addresses-in-a-namespace.sh

# Mutated inputs for every reader, or one of them, so many seconds each; what is found is left in target/fuzz.
fuzz target="all" seconds="60":
    cargo run --release -p toolrun-fuzz -- {{ target }} {{ seconds }}

# The loop on this machine alone.
demo *prompt:
    cargo run --release -- demo {{ prompt }}

//! Throughput.
fn main() {
    divan::main();
}

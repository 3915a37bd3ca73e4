//! The executable; all of it is in the library, so that tests can reach it.

fn main() -> std::process::ExitCode {
    kubectl_b2i::run(std::env::args_os())
}

//! Plain lines for the in-cluster roles, whose standard output is a log.

/// Prints one line. Others' text may be in it, so control characters do not get through.
#[allow(clippy::print_stdout, reason = "the printer's room")]
pub fn line(text: &str) {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    println!("{text}");
}

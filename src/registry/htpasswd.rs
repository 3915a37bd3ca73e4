//! A user of a registry of our own: a password that nobody chose, and what the registry keeps of it.

use rustls::crypto::{GetRandomFailed, ring};

/// Returns a password of 256 random bits.
///
/// # Errors
/// When the operating system has no random bytes to give.
pub fn generate_password() -> Result<String, GetRandomFailed> {
    let mut bytes = [0; 32];
    ring::default_provider().secure_random.fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// Returns the line of an `htpasswd` file for a user. Distribution takes bcrypt only
/// (<https://distribution.github.io/distribution/about/configuration/#htpasswd>), and hashes with
/// each request: at the lowest cost, since a password of 256 random bits is not guessed anyway.
///
/// # Errors
/// When the operating system has no random bytes to give.
pub fn htpasswd_line(user: &str, password: &str) -> Result<String, bcrypt::BcryptError> {
    const LOWEST_COST: u32 = 4;
    Ok(format!("{user}:{}\n", bcrypt::hash(password, LOWEST_COST)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_of_that_password_and_no_other() {
        let (one, other) = (
            generate_password().expect("random"),
            generate_password().expect("random"),
        );
        assert_ne!(one, other);
        let line = htpasswd_line("b2i", &one).expect("hashed");
        let hash = line.strip_prefix("b2i:").expect("the user").trim_end();
        assert!(!line.contains(&one));
        assert!(bcrypt::verify(&one, hash).expect("a hash"));
        assert!(!bcrypt::verify(&other, hash).expect("a hash"));
    }
}

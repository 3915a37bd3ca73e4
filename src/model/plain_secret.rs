//! What looks like a password, by its name or by what it holds. Such a value is never printed where it need not be, and
//! warned of where it would be readable for everybody.

/// Words that end the name of a secret.
const SECRETS: [&str; 14] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pass",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "apikey",
    "privatekey",
];
/// The same without a word boundary before them, as in `PGPASSWORD`.
const SUFFIXES: [&str; 5] = ["password", "passwd", "secret", "token", "apikey"];
/// Words that make a `key` one that is kept secret.
const KEYS: [&str; 10] = [
    "api",
    "private",
    "secret",
    "access",
    "encryption",
    "signing",
    "master",
    "account",
    "license",
    "auth",
];
/// Words after which a name is of something about a secret, and not of the secret.
const ABOUT: [&str; 70] = [
    "ttl",
    "file",
    "files",
    "filename",
    "name",
    "path",
    "dir",
    "directory",
    "folder",
    "location",
    "mount",
    "store",
    "url",
    "uri",
    "endpoint",
    "host",
    "port",
    "server",
    "service",
    "provider",
    "backend",
    "issuer",
    "audience",
    "length",
    "len",
    "min",
    "max",
    "size",
    "count",
    "limit",
    "timeout",
    "expiry",
    "expiration",
    "expires",
    "lifetime",
    "validity",
    "age",
    "duration",
    "seconds",
    "minutes",
    "hours",
    "days",
    "interval",
    "rotation",
    "enabled",
    "disabled",
    "enable",
    "required",
    "policy",
    "mode",
    "type",
    "format",
    "algorithm",
    "alg",
    "encoder",
    "strength",
    "header",
    "field",
    "param",
    "parameter",
    "prefix",
    "cookie",
    "claim",
    "scope",
    "id",
    "ref",
    "user",
    "username",
    "version",
    "namespace",
];
/// Words that begin the name of a setting.
const SETTINGS: [&str; 10] = [
    "max", "min", "num", "use", "enable", "disable", "require", "allow", "has", "is",
];

/// Whether a value of this name looks like a secret. A reference to one does not.
#[must_use]
pub fn is_plain_secret(name: &str, value: &str) -> bool {
    let is_reference = |open: &str, close| value.starts_with(open) && value.ends_with(close);
    if value.is_empty() || is_reference("$(", ')') || is_reference("${", '}') || is_key_ref(value) {
        return false;
    }
    has_password(value) || is_private_key(value) || (names_a_secret(name) && !is_no_secret(value))
}

/// A reference to a Secret or a `ConfigMap`.
fn is_key_ref(value: &str) -> bool {
    value.parse::<super::KeyRef>().is_ok()
}

/// A switch, or the path of a file that holds the secret.
fn is_no_secret(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_path = value
        .strip_prefix("file:")
        .or(Some(value))
        .and_then(|path| path.strip_prefix('/'))
        .is_some_and(|path| path.contains('/') && path.chars().all(|c| c == '/' || is_plain(c)));
    is_path
        || matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off"
        )
}

fn is_private_key(value: &str) -> bool {
    value.contains("-----BEGIN") && value.contains("PRIVATE KEY")
}

/// Whether a value holds a URL with a password: `postgres://u:p@h`, `jdbc:…?password=p`.
fn has_password(value: &str) -> bool {
    let in_authority = value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        let login = authority.rsplit_once('@').map_or("", |(login, _)| login);
        login
            .split_once(':')
            .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with('$'))
    });
    let in_query = value.contains("://")
        && value.split(['?', '&', ';']).skip(1).any(|pair| {
            let pair = pair.split_once('=');
            pair.is_some_and(|(name, value)| {
                names_a_secret(name) && !value.is_empty() && !value.starts_with('$')
            })
        });
    in_authority || in_query
}

fn names_a_secret(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else {
        return false;
    };
    if ABOUT.contains(&last.as_str()) || SETTINGS.contains(&words[0].as_str()) && words.len() > 1 {
        return false;
    }
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).map(|at| words[at].as_str());
        match word.as_str() {
            // The shell's own.
            "pwd" | "pass" => before.is_some_and(|before| before != "old"),
            "key" => before.is_some_and(|before| KEYS.contains(&before)),
            word => SECRETS.contains(&word) || SUFFIXES.iter().any(|suffix| word.ends_with(suffix)),
        }
    })
}

/// The words of a name, in lower case: `DB_PASSWORD`, `dbPassword` and `db.password` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let begins = !c.is_ascii_alphanumeric() || (was_lower && c.is_ascii_uppercase());
        if begins {
            words.push(String::new());
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty() && !word.bytes().all(|b| b.is_ascii_digit()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_and_names_about_them() {
        for name in [
            "DB_PASSWORD",
            "PASSWORD",
            "dbPassword",
            "spring.datasource.password",
            "PGPASSWORD",
            "MYSQL_PWD",
            "DB_PASS",
            "SSH_PASSPHRASE",
            "API_KEY",
            "APIKEY",
            "stripeApiKey",
            "GITHUB_TOKEN",
            "AUTH_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "SECRET_KEY_BASE",
            "JWT_SECRET",
            "CLIENT_SECRET",
            "PRIVATE_KEY",
            "TLS_PRIVATE_KEY_PEM",
            "GCP_CREDENTIALS",
            "CREDENTIAL",
            "DB_PASSWORD_PROD",
            "DB_PASSWORD_2",
            "db-passwd",
            "ACCESS_KEY",
            "MYTOKEN",
            "SECRET",
        ] {
            assert!(is_plain_secret(name, "s3cret"), "{name}");
        }
        for name in [
            "TOKEN_TTL",
            "PASSWORD_FILE",
            "SECRET_NAME",
            "PASSWORD_MIN_LENGTH",
            "TOKEN_URL",
            "OAUTH_TOKEN_ENDPOINT",
            "MAX_TOKENS",
            "AWS_ACCESS_KEY_ID",
            "KEYBOARD",
            "PWD",
            "OLD_PWD",
            "BYPASS",
            "COMPASS",
            "PASSENGERS",
            "MONKEY",
            "PRIMARY_KEY",
            "PASSWORD_RESET_ENABLED",
            "TOKENIZER",
            "SECRETARY",
            "LOG_LEVEL",
            "CACHE_KEY",
            "PASS",
            "secretName",
            "USE_TOKEN",
            "SECRETS_DIR",
            "",
        ] {
            assert!(!is_plain_secret(name, "s3cret"), "{name}");
        }
    }

    #[test]
    fn values_that_hold_a_secret_and_values_that_hold_none() {
        for value in [
            "postgres://ann:s3cret@db/shop",
            "redis://:s3cret@cache:6379",
            "amqp://a:b@h1,amqp://a:b@h2",
            "jdbc:postgresql://db/shop?user=ann&password=s3cret",
            "jdbc:sqlserver://db;user=sa;password=s3cret",
            "-----BEGIN RSA PRIVATE KEY-----\nabc",
        ] {
            assert!(is_plain_secret("X", value), "{value}");
        }
        for value in [
            "postgres://db/shop",
            "postgres://ann@db/shop",
            "https://example.com:8080/a@b",
            "http://ann:$(PW)@db",
            "a:b@c",
            "https://example.com/?q=password",
        ] {
            assert!(!is_plain_secret("X", value), "{value}");
        }
        for value in [
            "",
            "secret:db/password",
            "$(DB)",
            "${DB}",
            "true",
            "/run/secrets/db",
            "file:/run/secrets/db",
        ] {
            assert!(!is_plain_secret("DB_PASSWORD", value), "{value}");
        }
    }
}

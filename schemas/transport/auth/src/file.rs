//! A token that another program writes to a file, such as a Kubernetes service-account token.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use secrecy::{ExposeSecret as _, SecretString};
use stackone_link_process::secret::Place;

use crate::clock::apart;
use crate::jwt::Claims;
use crate::{Fetched, Token, TokenProblem};

/// Reads a file without its trailing newline.
pub(crate) fn secret(file: &Path) -> Result<SecretString, TokenProblem> {
    let read = Place::File(file.to_owned()).read(&HashMap::new());
    let read = read.map_err(|error| TokenProblem::File(error.to_string()))?;
    Ok(read.value)
}

/// Reads the token. It expires at its `exp`, by the clock of its issuer.
pub(crate) fn token(
    file: &Path,
    audience: Option<&str>,
    now: SystemTime,
) -> Result<Fetched, TokenProblem> {
    let what = format!("the token in {}", file.display());
    let value = secret(file)?;
    let claims = Claims::of(value.expose_secret());
    let claims = claims.ok_or_else(|| TokenProblem::NotJwt(what.clone()))?;
    claims.is_for(audience, &what)?;
    let expires_at = claims.expires_at();
    let expires_at = expires_at.ok_or_else(|| TokenProblem::NoExpiry(what.clone()))?;
    if expires_at <= now {
        let ago = apart(now, expires_at);
        return Err(TokenProblem::Expired { what, ago });
    }
    Ok(Fetched {
        doubt: claims.clock_is_behind(now, &what),
        token: Token {
            value,
            principal: claims.subject().unwrap_or("token").to_owned(),
            expires_at,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::since_1970;
    use crate::jwt::tests::jwt;

    fn read(content: &str, audience: Option<&str>) -> Result<Fetched, TokenProblem> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, content).unwrap();
        token(&file, audience, since_1970(1_000.0).unwrap())
    }

    #[test]
    fn a_token_says_who_we_are_and_when_it_ends() {
        let text = jwt(&serde_json::json!({"sub": "us", "exp": 1_600, "aud": ["kafka"]}));
        let Fetched { token, doubt } = read(&format!("{text}\n"), Some("kafka")).unwrap();
        assert_eq!(token.value.expose_secret(), text);
        assert_eq!(token.principal, "us");
        assert_eq!(token.expires_at, since_1970(1_600.0).unwrap());
        assert_eq!(doubt, None);
    }

    #[test]
    fn a_token_that_cannot_be_used_is_named_with_its_file() {
        for (content, said) in [
            (String::new(), "is empty"),
            ("opaque".to_owned(), "is no JWT"),
            (jwt(&serde_json::json!({"aud": "kafka"})), "when it expires"),
            (
                jwt(&serde_json::json!({"aud": "kafka", "exp": 940})),
                "expired 60 s ago by this machine's clock",
            ),
            (
                jwt(&serde_json::json!({"aud": "other", "exp": 1_600})),
                "is for other, not for kafka",
            ),
        ] {
            let problem = read(&content, Some("kafka")).unwrap_err().to_string();
            assert!(problem.contains(said), "{problem}");
            assert!(problem.contains("/token"), "{problem}");
        }
        let missing = token(Path::new("/nowhere/token"), None, SystemTime::now());
        let missing = missing.unwrap_err().to_string();
        assert!(
            missing.starts_with("cannot read /nowhere/token"),
            "{missing}"
        );
    }

    #[test]
    fn a_clock_that_is_behind_is_said_and_the_token_used() {
        let text = jwt(&serde_json::json!({"iat": 1_300, "exp": 1_900}));
        let doubt = read(&text, None).unwrap().doubt.unwrap();
        let TokenProblem::Clock { by, .. } = doubt else {
            panic!("{doubt}");
        };
        assert_eq!(by, Duration::from_secs(300));
    }
}

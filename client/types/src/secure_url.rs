//! The rules for addresses that secrets may be sent to.

use url::Url;

/// Returns whether a secret may be sent to `url`: by https, or by plain http to loopback.
#[must_use]
pub fn is_https_or_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// What keeps an address from being the base of an API. Its text tells no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// The API key would cross the network unencrypted.
    #[error("{0} must be https; plain http is allowed to loopback only")]
    NotHttps(Url),
    /// A user, a password or a query may be a secret, and an address is printed and logged. What
    /// follows the path would be lost.
    #[error("must have no user, password, query or fragment")]
    MoreThanAPath,
}

/// Checks an address to which the paths of an API are added.
///
/// # Errors
///
/// Fails where a secret must not be sent there, or where it has more than a scheme, a host, a port
/// and a path.
pub fn check_base_url(url: &Url) -> Result<(), BaseUrlError> {
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.query().is_some() || url.fragment().is_some() {
        return Err(BaseUrlError::MoreThanAPath);
    }
    if is_https_or_loopback(url) {
        Ok(())
    } else {
        Err(BaseUrlError::NotHttps(url.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_of_an_api_is_an_address_without_secrets() {
        let check = |url: &str| check_base_url(&Url::parse(url).unwrap());
        for usable in [
            "https://api.stackone.com/",
            "https://api.example:8443/stackone/",
            "http://127.0.0.1:9090",
        ] {
            assert_eq!(check(usable), Ok(()), "{usable}");
        }
        for secret in [
            "https://user@api.example",
            "https://:s3cret@api.example",
            "https://api.example/?key=s3cret",
            "https://api.example/#s3cret",
            "http://user:s3cret@api.example",
        ] {
            let error = check(secret).unwrap_err();
            assert_eq!(error, BaseUrlError::MoreThanAPath, "{secret}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        let error = check("http://api.example").unwrap_err().to_string();
        assert!(
            error.contains("http://api.example/ must be https"),
            "{error}"
        );
    }
}

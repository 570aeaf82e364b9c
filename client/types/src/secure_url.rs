//! The rule for addresses that secrets may be sent to.

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

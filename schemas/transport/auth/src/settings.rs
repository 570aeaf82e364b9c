//! Where tokens come from, as it is configured.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use stackone_client_types::is_https_or_loopback;
use url::Url;

use crate::{AwsProblem, TokenProblem};

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenSettings {
    /// A JWT in a file that somebody else renews, for instance Kubernetes. It is read every second.
    TokenFile {
        /// The file.
        file: PathBuf,
        /// Whom the token has to be for (`aud`); not looked at where absent.
        #[serde(default)]
        audience: Option<String>,
    },
    /// An identity provider, by client credentials (RFC 6749, 4.4).
    Oidc(Box<OidcSettings>),
    /// Signed here by AWS credentials of the default chain, for Amazon MSK. Needs the feature `aws-msk-iam`.
    AwsMskIam {
        /// The cluster's region; that of the environment, the profile or the machine where absent.
        #[serde(default)]
        region: Option<String>,
    },
}

/// How to ask an identity provider for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// Its token endpoint; https, or http to loopback.
    pub token_url: Url,
    /// Who we are to it.
    pub client_id: String,
    /// File with the client's secret, read before each request.
    pub client_secret_file: PathBuf,
    /// Scopes that are asked for, separated by spaces.
    #[serde(default)]
    pub scope: Option<String>,
    /// Whom the token is for: asked for, and looked for in the token's `aud` where it is a JWT.
    #[serde(default)]
    pub audience: Option<String>,
    /// CA certificates in PEM that the provider may have one of, beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// SASL extensions (RFC 7628, 3.1) that Confluent Cloud asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extensions {
    /// The cluster, `lkc-…`: `logicalCluster`.
    #[serde(default)]
    pub logical_cluster: Option<String>,
    /// The identity pool, `pool-…`: `identityPoolId`.
    #[serde(default)]
    pub identity_pool_id: Option<String>,
}

impl TokenSettings {
    /// What is wrong with the settings, one line each. No file is read and nobody is asked.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        match self {
            Self::TokenFile { .. } => Vec::new(),
            Self::Oidc(oidc) if is_https_or_loopback(&oidc.token_url) => Vec::new(),
            Self::Oidc(oidc) => vec![format!(
                "kafka.security.token.token_url: {} would see the secret in plain text; use https",
                oidc.token_url
            )],
            Self::AwsMskIam { .. } if cfg!(feature = "aws-msk-iam") => Vec::new(),
            Self::AwsMskIam { .. } => {
                let problem = TokenProblem::from(AwsProblem::NotBuilt);
                vec![format!("kafka.security.token: {problem}")]
            }
        }
    }
}

impl Extensions {
    /// Those that are set, by the names that brokers know.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let all = [
            ("logicalCluster", self.logical_cluster.as_deref()),
            ("identityPoolId", self.identity_pool_id.as_deref()),
        ];
        let set = all.into_iter();
        set.filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oidc(url: &str) -> TokenSettings {
        let settings = serde_json::json!({
            "source": "oidc", "token_url": url, "client_id": "us", "client_secret_file": "/s",
        });
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn a_secret_goes_over_https_or_to_this_machine_only() {
        assert_eq!(oidc("https://login/token").problems(), [""; 0]);
        assert_eq!(oidc("http://127.0.0.1:1/token").problems(), [""; 0]);
        let problems = oidc("http://login/token").problems();
        assert!(problems[0].contains("token_url"), "{problems:?}");
    }

    #[test]
    fn a_build_without_awss_crates_says_how_to_get_them() {
        let settings = r#"{"source": "aws_msk_iam", "region": "eu-central-1"}"#;
        let settings: TokenSettings = serde_json::from_str(settings).unwrap();
        let problems = settings.problems();
        if cfg!(feature = "aws-msk-iam") {
            assert_eq!(problems, [""; 0]);
        } else {
            assert!(problems[0].contains("aws-msk-iam"), "{problems:?}");
        }
    }

    #[test]
    fn extensions_have_the_names_that_brokers_know_and_unknown_settings_are_refused() {
        let cluster = Extensions {
            logical_cluster: Some("lkc-1".to_owned()),
            identity_pool_id: None,
        };
        assert_eq!(cluster.pairs(), [("logicalCluster", "lkc-1")]);
        let misspelt = r#"{"source": "token_file", "file": "/t", "audiense": "kafka"}"#;
        assert!(serde_json::from_str::<TokenSettings>(misspelt).is_err());
    }
}

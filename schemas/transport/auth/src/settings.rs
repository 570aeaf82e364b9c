//! Settings of tokens.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use stackone_client_types::is_https_or_loopback;
use url::Url;

use crate::{AwsProblem, TokenProblem};

/// The source of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenSettings {
    /// A JWT in a file that another program renews, for instance Kubernetes. It is read every
    /// second.
    TokenFile {
        /// The path of the file.
        file: PathBuf,
        /// The audience that the token must have (`aud`); not checked where absent.
        #[serde(default)]
        audience: Option<String>,
    },
    /// An identity provider that gives tokens for client credentials (RFC 6749, 4.4).
    Oidc(Box<OidcSettings>),
    /// A token for Amazon MSK, signed here by AWS credentials of the default chain. Needs the
    /// feature `aws-msk-iam`.
    AwsMskIam {
        /// The region of the cluster; that of the environment, the profile or the machine where
        /// absent.
        #[serde(default)]
        region: Option<String>,
    },
}

/// How to get a token from an identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider's token endpoint; https, or http to loopback.
    pub token_url: Url,
    /// The id by which the provider knows the client.
    pub client_id: String,
    /// The file of the client's secret, read before each request.
    pub client_secret_file: PathBuf,
    /// The requested scopes, separated by spaces.
    #[serde(default)]
    pub scope: Option<String>,
    /// The requested audience, which the `aud` of a JWT then has to contain.
    #[serde(default)]
    pub audience: Option<String>,
    /// CA certificates in PEM that are trusted beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// SASL extensions (RFC 7628, 3.1) that Confluent Cloud requires.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extensions {
    /// The id of the cluster, `lkc-…`; sent as `logicalCluster`.
    #[serde(default)]
    pub logical_cluster: Option<String>,
    /// The id of the identity pool, `pool-…`; sent as `identityPoolId`.
    #[serde(default)]
    pub identity_pool_id: Option<String>,
}

impl TokenSettings {
    /// Lists what is wrong with the settings, one line each. Reads no file and connects to nobody.
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
    /// Returns the extensions that are set, by the names that brokers know.
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

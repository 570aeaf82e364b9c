//! Rules between settings that their types cannot express.

use std::collections::HashSet;

use secrecy::ExposeSecret as _;
use stackone_client::{check_base_url, is_https_or_loopback};
use stackone_link_process::telemetry;
use url::Url;

use super::{HubSettings, IssuerSettings, Secret, Secrets, Settings};
use crate::jwt::Keys;

/// The shortest secret for making or comparing tokens, in bytes: as long as the MAC (RFC 2104, 3).
const MIN_SECRET: usize = 32;

impl Settings {
    /// Lists what is wrong with the settings, one line each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.kafka.client().problems();
        problems.extend(self.topics.problem());
        problems.extend(telemetry::filter_problem(&self.telemetry.filter));
        problems.extend(public_url_problem(&self.server.public_url));
        problems.extend(self.bound_problems());
        problems.extend(self.hub.problem());
        problems.extend(self.project_problems());
        problems.extend(self.issuer_problems());
        problems.extend(self.origin_problems());
        problems.extend(self.server.listener(self.shutdown.deadline).problems());
        let (server, admin) = (self.server.listen, self.admin.listen);
        if server == admin && server.port() != 0 {
            problems.push(format!("admin.listen: {admin} is also server.listen"));
        }
        problems
    }

    fn project_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let ids: HashSet<_> = self.projects.iter().map(|project| &project.id).collect();
        if self.projects.is_empty() {
            problems.push("projects: name at least one".to_owned());
        }
        if ids.len() < self.projects.len() {
            problems.push("projects: with several, each needs an id of its own".to_owned());
        }
        if self.projects.len() > 1 && ids.contains(&None) {
            problems.push("projects: with several, each needs an id".to_owned());
        }
        let checked = self
            .projects
            .iter()
            .map(|one| check_base_url(&one.base_url));
        let unusable = checked.filter_map(Result::err);
        problems.extend(unusable.map(|error| format!("projects.base_url: {error}")));
        problems
    }

    fn issuer_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen = HashSet::new();
        for issuer in &self.issuers {
            let name = &issuer.issuer;
            if !seen.insert(name) {
                problems.push(format!("issuers {name}: is there twice"));
            }
            if issuer.jwks_file.is_some() == issuer.jwks_url.is_some() {
                problems.push(format!("issuers {name}: give either jwks_file or jwks_url"));
            }
            if issuer
                .jwks_url
                .as_ref()
                .is_some_and(|url| !is_https_or_loopback(url))
            {
                problems.push(format!("issuers {name}: jwks_url must be https"));
            }
            let known =
                |project: &Option<String>| self.projects.iter().any(|one| one.id == *project);
            let is_only = issuer.project.is_none() && self.projects.len() == 1;
            if !is_only && !known(&issuer.project) {
                problems.push(format!(
                    "issuers {name}: project names none of [[projects]]"
                ));
            }
        }
        problems
    }

    fn origin_problems(&self) -> Vec<String> {
        let is_origin = |text: &String| {
            Url::parse(text).is_ok_and(|url| {
                is_https_or_loopback(&url) && url.origin().ascii_serialization() == *text
            })
        };
        // A URL without a path is written with a slash.
        let return_origins = self.sessions.return_origins.iter();
        let return_origins: Vec<_> = return_origins
            .map(|url| {
                url.as_str()
                    .strip_suffix('/')
                    .unwrap_or(url.as_str())
                    .to_owned()
            })
            .collect();
        let lists = [
            ("cors.origins", &self.cors.origins),
            ("pages.frame_ancestors", &self.pages.frame_ancestors),
            ("sessions.return_origins", &return_origins),
        ];
        let listed = lists
            .iter()
            .flat_map(|(list, origins)| origins.iter().map(move |origin| (list, origin)));
        let wrong = listed.filter(|(_, text)| !is_origin(text));
        wrong
            .map(|(list, text)| {
                format!("{list}: {text:?} is no origin such as https://app.example.com")
            })
            .collect()
    }
}

impl HubSettings {
    fn problem(&self) -> Option<String> {
        let problem = match (&self.folder, &self.script_url, &self.integrity) {
            (Some(_), Some(_), _) => "hub: give either folder or script_url",
            (None, Some(_), None) => "hub.integrity: is needed with script_url",
            (_, None, Some(_)) => "hub.script_url: is needed with integrity",
            (None, Some(url), Some(_)) if !is_https_or_loopback(url) => {
                "hub.script_url: must be https"
            }
            (Some(_) | None, None, None) | (None, Some(_), Some(_)) => return None,
        };
        Some(problem.to_owned())
    }
}

fn jwks_problem(issuer: &IssuerSettings, text: Option<&Vec<u8>>) -> Option<String> {
    let problem = Keys::parse(text?).err()?;
    Some(format!("issuers {}: jwks_file: {problem}", issuer.issuer))
}

fn public_url_problem(text: &str) -> Option<String> {
    let is_usable = Url::parse(text).is_ok_and(|url| {
        is_https_or_loopback(&url)
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    });
    let problem =
        "server.public_url: is https://… without a slash at its end; http on loopback only";
    (!is_usable || text.ends_with('/')).then(|| problem.to_owned())
}

impl Secrets {
    pub(super) fn problems(&self, settings: &Settings) -> Vec<String> {
        let mut problems = self.token_problems(settings);
        let sets = settings.issuers.iter().zip(&self.jwks);
        problems.extend(sets.filter_map(|(issuer, text)| jwks_problem(issuer, text.as_ref())));
        problems
    }

    /// Puts the key set that was in force back in the place of one that cannot be used, and lists
    /// those.
    pub(super) fn keep_usable_jwks(&mut self, settings: &Settings, last: &Self) -> Vec<String> {
        let sets = self.jwks.iter_mut().zip(&last.jwks);
        let unusable = settings.issuers.iter().zip(sets);
        let unusable = unusable.filter_map(|(issuer, (text, last))| {
            let problem = jwks_problem(issuer, text.as_ref())?;
            text.clone_from(last);
            Some(problem)
        });
        unusable.collect()
    }

    /// Lists what is wrong with the secrets that tokens are made of or compared with.
    pub(super) fn token_problems(&self, settings: &Settings) -> Vec<String> {
        let mut problems = Vec::new();
        let mut lists = [
            ("tokens.keys", &self.token_keys),
            ("service_tokens", &self.service_tokens),
        ];
        for (list, secrets) in &mut lists {
            let mut names = HashSet::new();
            for Secret { name, value, .. } in secrets.iter() {
                if value.expose_secret().len() < MIN_SECRET {
                    problems.push(format!("{list} {name}: has less than {MIN_SECRET} bytes"));
                }
                if !names.insert(name) {
                    problems.push(format!("{list} {name}: is there twice"));
                }
            }
        }
        if settings.tokens.keys.is_empty() {
            problems.push("tokens.keys: name at least one".to_owned());
        }
        // What else a header has is not read as text, and the blanks at its end are not its
        // value's.
        let is_sent = |text: &str| {
            let mut bytes = text.bytes();
            bytes.all(|byte| (b' '..=b'~').contains(&byte)) && !text.ends_with(' ')
        };
        let tokens = self.service_tokens.iter();
        let unsent = tokens.filter(|token| !is_sent(token.value.expose_secret()));
        problems.extend(unsent.map(|Secret { name, .. }| {
            format!(
                "service_tokens {name}: is not of printable ASCII, so that no request can have it"
            )
        }));
        problems
    }
}

//! The connectors that every project of the stand-in has, as the Hub asks for them.

use serde_json::{Map, Value, json};

/// Version of each connector.
const VERSION: &str = "1.0.0";

/// A connector.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Connector {
    pub(crate) provider: &'static str,
    pub(crate) name: &'static str,
    pub(crate) category: &'static str,
    pub(crate) sign_in: SignIn,
    /// Asked for in a form, before OAuth as well.
    pub(crate) fields: &'static [Field],
}

/// How a person shows that the provider's account is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// By what the form asks for.
    Form,
    /// By the provider's own page, in a popup.
    OAuth,
}

/// A field of the form. Each is required.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    /// Never shown or kept.
    pub(crate) is_secret: bool,
}

const SUBDOMAIN: Field = Field {
    key: "subdomain",
    label: "Subdomain",
    is_secret: false,
};
const API_KEY: Field = Field {
    key: "api_key",
    label: "API key",
    is_secret: true,
};

const CONNECTORS: &[Connector] = &[
    Connector {
        provider: "bamboohr",
        name: "BambooHR",
        category: "hris",
        sign_in: SignIn::Form,
        fields: &[SUBDOMAIN, API_KEY],
    },
    Connector {
        provider: "hibob",
        name: "HiBob",
        category: "hris",
        sign_in: SignIn::Form,
        fields: &[API_KEY],
    },
    Connector {
        provider: "greenhouse",
        name: "Greenhouse",
        category: "ats",
        sign_in: SignIn::Form,
        fields: &[API_KEY],
    },
    Connector {
        provider: "workday",
        name: "Workday",
        category: "hris",
        sign_in: SignIn::OAuth,
        fields: &[],
    },
];

impl Connector {
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        CONNECTORS.iter()
    }

    pub(crate) fn of_provider(provider: &str) -> Option<&'static Self> {
        Self::all().find(|connector| connector.provider == provider)
    }

    pub(crate) fn of_integration(id: &str) -> Option<&'static Self> {
        Self::all().find(|connector| connector.integration_id() == id)
    }

    pub(crate) fn integration_id(&self) -> String {
        format!("int-{}", self.provider)
    }

    /// As a row of the Hub's list.
    pub(crate) fn in_list(&self) -> Value {
        json!({
            "active": true,
            "name": self.name,
            "provider": self.provider,
            "type": self.category,
            "version": VERSION,
            "authentication_config_key": self.kind(),
            "environment": "production",
            "integration_id": self.integration_id(),
            "logo_url": self.logo(),
        })
    }

    /// As the Hub's form is made of it.
    pub(crate) fn in_full(&self) -> Value {
        let field = |field: &Field| {
            json!({
                "key": field.key,
                "label": field.label,
                "type": if field.is_secret { "password" } else { "text" },
                "required": true,
                "readOnly": false,
                "secret": field.is_secret,
                "placeholder": field.label,
            })
        };
        let fields: Vec<Value> = self.fields.iter().map(field).collect();
        let mut config = json!({
            "key": self.kind(),
            "name": self.name,
            "type": self.kind(),
            "configFields": fields,
            "assets": { "icon": self.logo() },
        });
        if self.sign_in == SignIn::OAuth {
            config["grantType"] = json!("authorization_code");
        }
        json!({
            "config": config,
            "hub_settings": { "configured_webhook_events": {}, "project_settings": {} },
        })
    }

    /// What an account of it looks like to the Hub in an edit, without a secret.
    pub(crate) fn of_account(&self, id: &str, setup: Option<&Map<String, Value>>) -> Value {
        json!({
            "secureId": id,
            "provider": self.provider,
            "setupInformation": setup.cloned().unwrap_or_default(),
            "version": VERSION,
            "authConfigKey": self.kind(),
            "environment": "production",
            "integrationId": self.integration_id(),
        })
    }

    /// What is kept of a filled form: nothing secret. None where a field is missing or empty; then
    /// its name is the error.
    pub(crate) fn kept(&self, filled: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut kept = Map::new();
        for field in self.fields {
            let text = filled.get(field.key).and_then(Value::as_str).unwrap_or("");
            if text.is_empty() {
                return Err(format!("{} is required", field.label));
            }
            if !field.is_secret {
                kept.insert(field.key.to_owned(), json!(text));
            }
        }
        Ok(kept)
    }

    fn kind(&self) -> &'static str {
        match self.sign_in {
            SignIn::Form => "custom",
            SignIn::OAuth => "oauth2",
        }
    }

    /// A picture in the answer itself, so that nobody asks another host for one.
    fn logo(&self) -> String {
        let letter = self.name.chars().next().unwrap_or('?');
        format!(
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' \
             height='32' rx='6' fill='%23346'/%3E%3Ctext x='16' y='22' font-size='18' fill='white' \
             text-anchor='middle'%3E{letter}%3C/text%3E%3C/svg%3E"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_form_are_not_kept_and_missing_fields_are_named() {
        let connector = Connector::of_provider("bamboohr").unwrap();
        let filled = json!({ "subdomain": "acme", "api_key": "s3cret", "other": 1 });
        let kept = connector.kept(filled.as_object().unwrap()).unwrap();
        assert_eq!(Value::Object(kept), json!({ "subdomain": "acme" }));
        for filled in [
            json!({ "subdomain": "acme" }),
            json!({ "subdomain": "acme", "api_key": "" }),
        ] {
            let refused = connector.kept(filled.as_object().unwrap()).unwrap_err();
            assert_eq!(refused, "API key is required");
        }
    }

    #[test]
    fn an_integration_leads_back_to_its_connector() {
        for connector in Connector::all() {
            let found = Connector::of_integration(&connector.integration_id());
            assert_eq!(found, Some(connector));
            assert_eq!(Connector::of_provider(connector.provider), Some(connector));
        }
    }
}

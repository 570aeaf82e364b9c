//! The caller, and the tenant that it speaks for. A [`Tenant`] is the proof that the caller may do
//! so: only [`Authority::tenant`] makes one, from the word of a service token or from a JWT.

use crate::input::NamedTenant;
use crate::jwt::{Claims, Scope};
use crate::problem::{Problem, Reason};
pub(crate) use crate::tenant_key::TenantKey;

/// A tenant that the caller may speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    key: TenantKey,
    name: Option<String>,
    user_name: Option<String>,
}

impl Tenant {
    pub(crate) fn key(&self) -> &TenantKey {
        &self.key
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn user_name(&self) -> Option<&str> {
        self.user_name.as_deref()
    }
}

/// What a caller has proven to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// One of our own services, which may name any tenant of a configured project.
    Service {
        /// The configured projects.
        projects: Vec<Option<String>>,
    },
    /// A host product, which speaks for the one tenant in its JWT.
    Host {
        /// The project of the issuer.
        project: Option<String>,
        /// The claims of the verified JWT.
        claims: Claims,
    },
}

/// The tenant that a request names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Named<'r> {
    pub(crate) project: Option<&'r str>,
    pub(crate) tenant: Option<&'r NamedTenant>,
}

impl Authority {
    /// Returns the tenant of a request, where the caller may act for it in this `scope`.
    pub(crate) fn tenant(&self, named: Named<'_>, scope: Scope) -> Result<Tenant, Problem> {
        match self {
            Self::Service { projects } => of_service(projects, named),
            Self::Host { project, claims } => of_host(project.as_ref(), claims, named, scope),
        }
    }

    /// Returns whether the caller may see the provider's words, which only our own services may.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self, Self::Service { .. })
    }
}

fn of_service(projects: &[Option<String>], named: Named<'_>) -> Result<Tenant, Problem> {
    let Some(tenant) = named.tenant else {
        return Err(Problem::invalid("with a service token, name the tenant"));
    };
    tenant.check()?;
    let project = match (named.project, projects) {
        (Some(name), _) => projects.iter().find(|one| one.as_deref() == Some(name)),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(project) = project else {
        return Err(Problem::invalid(
            "project names none that is configured, or is missing",
        ));
    };
    Ok(Tenant {
        key: TenantKey {
            project: project.clone(),
            id: tenant.id.clone(),
        },
        name: tenant.name.clone(),
        user_name: tenant.user_name.clone(),
    })
}

fn of_host(
    project: Option<&String>,
    claims: &Claims,
    named: Named<'_>,
    scope: Scope,
) -> Result<Tenant, Problem> {
    let names_another = named
        .tenant
        .is_some_and(|tenant| tenant.id != claims.tenant_id)
        || named
            .project
            .is_some_and(|name| Some(name) != project.map(String::as_str));
    if names_another || !claims.scopes.allow(scope) {
        return Err(Reason::Forbidden.into());
    }
    let said = NamedTenant {
        id: claims.tenant_id.clone(),
        name: claims.tenant_name.clone(),
        user_name: claims.user_name.clone(),
    };
    said.check()?;
    Ok(Tenant {
        key: TenantKey {
            project: project.cloned(),
            id: said.id,
        },
        name: said.name,
        user_name: said.user_name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::Scopes;

    fn named(id: &str) -> NamedTenant {
        NamedTenant {
            id: id.to_owned(),
            name: None,
            user_name: None,
        }
    }

    fn reason<T: std::fmt::Debug>(result: Result<T, Problem>) -> Reason {
        result.unwrap_err().reason
    }

    #[test]
    fn a_host_speaks_for_the_tenant_of_its_token_only() {
        let claims = Claims {
            tenant_id: "t".to_owned(),
            tenant_name: None,
            user_name: None,
            scopes: Scopes::ALL,
            expires_at: jiff::Timestamp::MAX,
        };
        let host = Authority::Host {
            project: Some("p".to_owned()),
            claims,
        };
        let tenant = host.tenant(Named::default(), Scope::Link).unwrap();
        assert_eq!(
            (tenant.key().project.as_deref(), tenant.key().id.as_str()),
            (Some("p"), "t")
        );
        for (project, tenant, may) in [
            (Some("p"), "t", true),
            (None, "t", true),
            (None, "u", false),
            (Some("q"), "t", false),
        ] {
            let tenant = named(tenant);
            let named = Named {
                project,
                tenant: Some(&tenant),
            };
            assert_eq!(host.tenant(named, Scope::Read).is_ok(), may);
        }
    }

    #[test]
    fn a_service_names_the_tenant_and_the_project_where_there_are_several() {
        let tenant = named("t");
        let of = |projects: &[Option<&str>], project| {
            let projects = projects.iter().map(|one| one.map(str::to_owned)).collect();
            let named = Named {
                project,
                tenant: Some(&tenant),
            };
            Authority::Service { projects }.tenant(named, Scope::Disconnect)
        };
        assert_eq!(of(&[None], None).unwrap().key().project, None);
        assert_eq!(
            of(&[Some("p")], None).unwrap().key().project.as_deref(),
            Some("p")
        );
        assert_eq!(
            reason(of(&[Some("p"), Some("q")], None)),
            Reason::InvalidRequest
        );
        assert_eq!(reason(of(&[Some("p")], Some("q"))), Reason::InvalidRequest);
        assert_eq!(reason(of(&[None], Some("q"))), Reason::InvalidRequest);
        let service = Authority::Service {
            projects: vec![None],
        };
        assert_eq!(
            reason(service.tenant(Named::default(), Scope::Read)),
            Reason::InvalidRequest
        );
    }
}

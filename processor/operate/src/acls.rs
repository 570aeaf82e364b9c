//! Lists the rights that each service needs on brokers with an authorizer. Pure.

use stackone_link_wire::Acl;
use stackone_processor::config::Settings;

/// The principals of the services, and what the processor's settings do not name.
#[derive(Debug, Clone, Copy)]
pub struct Principals<'a> {
    /// The principal of ingest.
    pub ingest: &'a str,
    /// The principal of the processors.
    pub processor: &'a str,
    /// The principal of connect, where it runs.
    pub connect: Option<&'a str>,
    /// The group that connect's readers name.
    pub connect_group: &'a str,
}

/// Returns each principal with the rights that it needs for the topics and the group of `settings`.
#[must_use]
pub fn acls<'a>(settings: &Settings, principals: Principals<'a>) -> Vec<(&'a str, Vec<Acl>)> {
    let topics = &settings.topics;
    let of_processor = Acl::of_processor(topics, &settings.group.id);
    let of_connect = || Acl::of_connect(topics, principals.connect_group);
    let connect = principals.connect.map(|connect| (connect, of_connect()));
    let ingest = (principals.ingest, Acl::of_ingest(topics));
    let mut all = vec![ingest, (principals.processor, of_processor)];
    all.extend(connect);
    all
}

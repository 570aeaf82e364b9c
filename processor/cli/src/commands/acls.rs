//! `acls`: prints the rights that each service needs, as a script or as JSON. Makes no request.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use stackone_link_wire::{Acl, AclOperation, AclResource};
use stackone_processor::config::Settings;
use stackone_processor_operate::acls::{Principals, acls};

/// The principals of the services, and the form of the output.
#[derive(Debug, Clone, Args)]
pub struct Acls {
    /// The principal of ingest.
    #[arg(long, value_name = "PRINCIPAL", default_value = "User:stackone-ingest")]
    pub ingest: String,
    /// The principal of the processors.
    #[arg(
        long,
        value_name = "PRINCIPAL",
        default_value = "User:stackone-processor"
    )]
    pub processor: String,
    /// The principal of connect, where it runs.
    #[arg(long, value_name = "PRINCIPAL")]
    pub connect: Option<String>,
    /// The group that connect's readers name: its setting `kafka.group`.
    #[arg(
        long,
        value_name = "GROUP",
        default_value = "stackone-connect",
        requires = "connect"
    )]
    pub connect_group: String,
    /// Print JSON, one line for each right, with its purpose.
    #[arg(long)]
    pub json: bool,
}

const PREAMBLE: &str = "\
#!/bin/sh
# Allows each service of the account-link pipeline what it needs, and nothing else. To be run by an administrator:
#   KAFKA_ADMIN='--bootstrap-server kafka:9093 --command-config admin.properties' sh acls.sh
# What each entry is for: stackone-processor acls --json, and docs/security.md.
set -eu
allow() {
  # shellcheck disable=SC2086 # several arguments
  kafka-acls.sh ${KAFKA_ADMIN:?how to reach the cluster as an administrator} --add --allow-principal \"$@\"
}
";

/// Prints the rights that the services need for the topics and the group of `settings`.
pub(crate) fn run(settings: &Settings, asked: &Acls, out: &mut impl Write) -> anyhow::Result<()> {
    let services = acls(
        settings,
        Principals {
            ingest: &asked.ingest,
            processor: &asked.processor,
            connect: asked.connect.as_deref(),
            connect_group: &asked.connect_group,
        },
    );
    if asked.json {
        for (principal, acls) in services {
            for acl in acls {
                let mut line = serde_json::to_value(&acl)?;
                line["principal"] = principal.into();
                writeln!(out, "{line}")?;
            }
        }
        return Ok(());
    }
    out.write_all(PREAMBLE.as_bytes())?;
    for (principal, acls) in services {
        for line in commands(principal, &acls) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Returns one command for each set of operations, because each command takes seconds.
fn commands(principal: &str, acls: &[Acl]) -> Vec<String> {
    let mut operations: BTreeMap<(AclResource, &str), Vec<AclOperation>> = BTreeMap::new();
    for acl in acls {
        let of_resource = operations.entry((acl.resource, &acl.name)).or_default();
        of_resource.push(acl.operation);
    }
    let mut alike: BTreeMap<(AclResource, Vec<AclOperation>), Vec<&str>> = BTreeMap::new();
    for ((resource, name), mut operations) in operations {
        operations.sort();
        alike.entry((resource, operations)).or_default().push(name);
    }
    let command =
        |((resource, operations), names): ((AclResource, Vec<AclOperation>), Vec<&str>)| {
            let mut words = vec!["allow".to_owned(), quoted(principal)];
            words.extend(
                operations
                    .iter()
                    .map(|operation| format!("--operation {}", operation.as_str())),
            );
            let flag = match resource {
                AclResource::Topic => "--topic",
                AclResource::Group => "--group",
                AclResource::TransactionalIdPrefix => {
                    "--resource-pattern-type prefixed --transactional-id"
                }
            };
            words.extend(names.iter().map(|name| format!("{flag} {}", quoted(name))));
            words.join(" ")
        };
    alike.into_iter().map(command).collect()
}

/// Returns a word in the form that a shell takes literally.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:=@/-".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use clap::Parser;
    use stackone_link_wire::Topics;
    use stackone_processor::config::Config;

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        acls: Acls,
    }

    #[test]
    fn connect_is_allowed_the_group_that_is_named() {
        let group = |arguments: &[&str]| {
            let asked = Arguments::try_parse_from([&["acls"], arguments].concat())?.acls;
            let mut out = Vec::new();
            let settings = Config::settings(None, &HashMap::new()).unwrap();
            run(&settings, &asked, &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            let mut lines = out.lines().filter(|line| line.starts_with("allow User:c "));
            let group = lines.find_map(|line| Some(line.split_once("--group ")?.1.to_owned()));
            Ok::<_, clap::Error>(group)
        };
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(group(&[]).unwrap(), None);
        let by_default = group(&["--connect", "User:c"]).unwrap();
        assert_eq!(by_default, named("stackone-connect"));
        let other = ["--connect", "User:c", "--connect-group", "g"];
        assert_eq!(group(&other).unwrap(), named("g"));
        group(&["--connect-group", "g"]).unwrap_err();
    }

    #[test]
    fn what_may_be_done_alike_is_allowed_with_one_command() {
        let topics = Topics::with_prefix("s");
        assert_eq!(
            commands("User:i", &Acl::of_ingest(&topics)),
            [
                "allow User:i --operation Write --operation DescribeConfigs --topic s.account.events.v1 \
                 --topic s.record.events.v1 --topic s.unrecognized.v1"
            ]
        );
        assert_eq!(
            commands("User:CN=p, O=x", &Acl::of_processor(&topics, "g'h")),
            [
                "allow 'User:CN=p, O=x' --operation Read --operation Write --operation DescribeConfigs \
                 --topic s.account.events.v1 --topic s.account.state.v1",
                "allow 'User:CN=p, O=x' --operation Write --operation DescribeConfigs --topic s.account.dead-letter.v1 \
                 --topic s.account.lifecycle.v1 --topic s.account.linked.v1",
                r"allow 'User:CN=p, O=x' --operation Read --group 'g'\''h'",
                r"allow 'User:CN=p, O=x' --operation Write --resource-pattern-type prefixed --transactional-id 'g'\''h-'",
            ]
        );
    }
}

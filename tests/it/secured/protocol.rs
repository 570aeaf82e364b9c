//! Kafka's request `CreateAcls` (version 1), for more of them than can be added with a tool that
//! takes a second each.

use std::io;

use stackone_link_wire::{Acl, AclOperation, AclResource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CREATE_ACLS: i16 = 30;
const VERSION: i16 = 1;
const ALLOW: i8 = 3;

/// Allows each of these principals what stands beside it, with the rights of whoever may connect to
/// `address`.
pub(super) async fn allow(address: &str, acls: &[(String, Acl)]) -> io::Result<()> {
    let mut request = Vec::new();
    request.extend(CREATE_ACLS.to_be_bytes());
    request.extend(VERSION.to_be_bytes());
    request.extend(0_i32.to_be_bytes());
    string(&mut request, "tests");
    request.extend(count(acls.len())?.to_be_bytes());
    for (principal, acl) in acls {
        creation(&mut request, principal, acl);
    }
    let mut connection = TcpStream::connect(address).await?;
    connection.write_i32(count(request.len())?).await?;
    connection.write_all(&request).await?;
    let length = connection.read_i32().await?;
    let mut answer = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    connection.read_exact(&mut answer).await?;
    // Correlation id, throttle time, the number of results; then each that went well is a zero and
    // an empty message.
    let results = answer.get(12..).unwrap_or_default();
    let is_well = results.len() == 4 * acls.len() && results.iter().all(|byte| *byte == 0);
    let refused = || io::Error::other(String::from_utf8_lossy(results));
    is_well.then_some(()).ok_or_else(refused)
}

fn creation(request: &mut Vec<u8>, principal: &str, acl: &Acl) {
    let (resource, pattern): (i8, i8) = match acl.resource {
        AclResource::Topic => (2, 3),
        AclResource::Group => (3, 3),
        AclResource::TransactionalIdPrefix => (5, 4),
    };
    let operation: i8 = match acl.operation {
        AclOperation::Read => 3,
        AclOperation::Write => 4,
        AclOperation::DescribeConfigs => 10,
    };
    request.extend(resource.to_be_bytes());
    string(request, &acl.name);
    request.extend(pattern.to_be_bytes());
    string(request, principal);
    string(request, "*");
    request.extend(operation.to_be_bytes());
    request.extend(ALLOW.to_be_bytes());
}

fn string(request: &mut Vec<u8>, text: &str) {
    // Names of tests are short.
    let length = i16::try_from(text.len()).unwrap();
    request.extend(length.to_be_bytes());
    request.extend(text.as_bytes());
}

fn count(length: usize) -> io::Result<i32> {
    i32::try_from(length).map_err(io::Error::other)
}

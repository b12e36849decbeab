//! Whether an address may be called from here: `https`, on the public internet, and nothing else. It
//! must not resolve a name: what a name points at is the platform's business, which reaches no
//! private network, and redirects are never followed.

use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Bytes of an address: more than any browser or proxy passes on.
pub const URL_BYTES_MAX: u32 = 2_048;
/// Hosts that one key may be bound to.
pub const HOSTS_MAX: u32 = 20;

/// How far calls may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The public internet.
    Public,
    /// That, and this machine without TLS: development builds.
    ThisMachineToo,
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No absolute URL in ASCII, or longer than [`URL_BYTES_MAX`].
    Malformed,
    /// Not `https`.
    Scheme,
    /// It carries a name or password, which logs and proxies would see.
    Credentials,
    /// A private, local, link-local, metadata or otherwise special address, by number or by name.
    NotPublic,
    /// None of the hosts that the key is bound to.
    HostNotAllowed,
}

impl Refused {
    /// What is wrong, for people.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Malformed => "not an absolute URL in ASCII of at most 2,048 bytes",
            Self::Scheme => "not https",
            Self::Credentials => "a name or password stands in it",
            Self::NotPublic => "not an address of the public internet",
            Self::HostNotAllowed => "not a host that this key may call back",
        }
    }
}

/// Names that never stand for a public host (RFC 6761, RFC 6762, RFC 8375, and what networks and
/// clouds use inside), and public ones whose purpose is to stand for private numbers. A host is
/// refused when it is one of them or ends in one.
const LOCAL_NAMES: [&str; 23] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "test",
    "invalid",
    "onion",
    "alt",
    "metadata",
    "nip.io",
    "sslip.io",
    "xip.io",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "traefik.me",
];

/// The address as it will be called, or why it is refused. `allowed` are the only hosts it may name;
/// empty allows every public one.
pub fn check(text: &str, reach: Reach, allowed: &[String]) -> Result<Url, Refused> {
    if u32::try_from(text.len()).unwrap_or(u32::MAX) > URL_BYTES_MAX {
        return Err(Refused::Malformed);
    }
    let url = Url::parse(text).map_err(|_| Refused::Malformed)?;
    let host = url.host().ok_or(Refused::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    let here = reach == Reach::ThisMachineToo && is_this_machine(&host);
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        _ => return Err(Refused::Scheme),
    }
    if !here && !is_public(&host) {
        return Err(Refused::NotPublic);
    }
    let name = host.to_string();
    let bound = !allowed.is_empty();
    if bound && !allowed.iter().any(|host| host.eq_ignore_ascii_case(&name)) {
        return Err(Refused::HostNotAllowed);
    }
    Ok(url)
}

/// Whether a host could be allowed to a key: as it stands in a URL, without scheme, port or path.
pub fn is_host(text: &str) -> bool {
    Host::parse(text).is_ok_and(|host| host.to_string().eq_ignore_ascii_case(text))
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(number) => number.is_loopback(),
        Host::Ipv6(number) => number.is_loopback(),
    }
}

fn is_public(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_public_name(name),
        Host::Ipv4(number) => is_public_v4(*number),
        Host::Ipv6(number) => is_public_v6(*number),
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_local = LOCAL_NAMES.iter().any(|local| {
        name.strip_suffix(local)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    name.contains('.') && !is_local
}

/// Not in the IANA registry of special-purpose IPv4 addresses, and no multicast.
fn is_public_v4(number: Ipv4Addr) -> bool {
    let special = match number.octets() {
        [0 | 10 | 127, ..] => true,
        [100, second, ..] => (64..=127).contains(&second),
        [169, 254, ..] | [192, 168, ..] => true,
        [172, second, ..] => (16..=31).contains(&second),
        [192, 0, 0 | 2, _] | [192, 31, 196, _] | [192, 52, 193, _] => true,
        [192, 88, 99, _] | [192, 175, 48, _] => true,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [first, ..] => first >= 224,
    };
    // Azure's metadata and DNS live at a public number.
    !special && number != Ipv4Addr::new(168, 63, 129, 16)
}

/// Global unicast (2000::/3) without the blocks that tunnel, document or are otherwise special. What
/// maps or translates an IPv4 address lies outside of it, but for 6to4, which is refused whole.
fn is_public_v6(number: Ipv6Addr) -> bool {
    match number.segments() {
        [0x2001, second, ..] => second >= 0x0200 && second != 0x0db8,
        [0x2002, ..] => false,
        [0x2620, 0x4f, 0x8000, ..] => false,
        [first, ..] => (0x2000..0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_all(addresses: &[&str], reach: Reach, expected: Result<(), Refused>) {
        for address in addresses {
            let found = check(address, reach, &[]).map(|_| ());
            assert_eq!(found, expected, "{address}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        let public = [
            "https://hooks.example.com/countersign?team=1",
            "https://hooks.example.com:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
            "https://xn--bcher-kva.example/",
            "https://thelocal.news/",
        ];
        check_all(&public, Reach::Public, Ok(()));
        check_all(&public, Reach::ThisMachineToo, Ok(()));
    }

    #[test]
    fn only_https_is_called() {
        let others = [
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "ws://hooks.example.com/",
            "gopher://hooks.example.com/",
        ];
        check_all(&others, Reach::Public, Err(Refused::Scheme));
        check_all(&others, Reach::ThisMachineToo, Err(Refused::Scheme));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("https://hooks.example.com/{}", "a".repeat(2_048));
        let broken = [
            "",
            "hooks.example.com",
            "/hook",
            "https://",
            "https://a b/",
            "data:,x",
            "https://bücher.example/",
            "https://127。0。0。1/",
            "https://①②⑦.0.0.1/",
            &long,
        ];
        check_all(&broken, Reach::Public, Err(Refused::Malformed));
    }

    #[test]
    fn a_password_in_it_is_refused() {
        let with = ["https://me@hooks.example.com/", "https://a:b@8.8.8.8/"];
        check_all(&with, Reach::Public, Err(Refused::Credentials));
    }

    #[test]
    fn a_private_number_is_refused_in_every_form() {
        let private = [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.01/",
            "https://127.1/",
            "https://%31%32%37.0.0.1/",
            "https://0/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://0xa9fea9fe/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://192.0.2.1/",
            "https://198.18.0.1/",
            "https://203.0.113.9/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://168.63.129.16/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::127.0.0.1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::ffff:8.8.8.8]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b:1::1]/",
            "https://[100::1]/",
            "https://[2001::1]/",
            "https://[2001:db8::1]/",
            "https://[2002:7f00:1::]/",
            "https://[3fff::1]/",
            "https://[fc00::1]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
        ];
        check_all(&private, Reach::Public, Err(Refused::NotPublic));
    }

    #[test]
    fn a_local_name_is_refused() {
        let local = [
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://metadata/",
            "https://metadata.google.internal/",
            "https://instance-data.ec2.internal/",
            "https://printer.local/",
            "https://intranet/",
            "https://router.home.arpa/",
            "https://1.0.0.127.in-addr.arpa/",
            "https://127.0.0.1.nip.io/",
            "https://localtest.me/",
        ];
        check_all(&local, Reach::Public, Err(Refused::NotPublic));
    }

    #[test]
    fn development_reaches_this_machine_and_no_other() {
        let here = [
            "http://localhost:9000/",
            "http://127.0.0.1:9000/",
            "http://[::1]:9000/",
        ];
        check_all(&here, Reach::ThisMachineToo, Ok(()));
        check_all(&here, Reach::Public, Err(Refused::Scheme));
        let others = [
            "https://10.0.0.1/",
            "https://169.254.169.254/",
            "https://printer.local/",
        ];
        check_all(&others, Reach::ThisMachineToo, Err(Refused::NotPublic));
    }

    #[test]
    fn a_bound_key_reaches_its_hosts_only() {
        let allowed = ["hooks.example.com".to_owned()];
        let check = |url| check(url, Reach::Public, &allowed).map(|_| ());
        assert_eq!(check("https://HOOKS.example.com:444/x"), Ok(()));
        assert_eq!(check("https://example.com/"), Err(Refused::HostNotAllowed));
        assert_eq!(
            check("https://a.hooks.example.com/"),
            Err(Refused::HostNotAllowed)
        );
        assert!(is_host("hooks.example.com") && is_host("[2606:4700::1]"));
        assert!(!is_host("hooks.example.com/x") && !is_host("https://a.com") && !is_host(""));
    }
}

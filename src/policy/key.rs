//! Credentials: how each names its tenant, and the MAC that is checked before any object is woken.
//! It must not look anything up: whether a credential is revoked is the tenant's to say.
//!
//! ```text
//! csa_<tenant, 32 hex>_<secret, 64 hex>_<MAC, 32 hex>
//! ```
//! The tenant is the UUID without its dashes; the secret is 256 random bits; the MAC is the first
//! 128 bits of HMAC-SHA256 under the Worker's key over kind, tenant and secret.

use crate::digest::{equal, from_hex, hex, keyed, plain};

/// What a credential is for; its prefix says so, and the MAC binds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `csa_`: an agent's key.
    Agent,
    /// `csp_`: a key that writes policy, for automation.
    Policy,
    /// `csi_`: an invitation.
    Invitation,
    /// `css_`: a reviewer's session.
    Session,
}

impl KeyKind {
    /// The prefix that names it.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Agent => "csa",
            Self::Policy => "csp",
            Self::Invitation => "csi",
            Self::Session => "css",
        }
    }
}

/// A credential whose MAC was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// What it is for.
    pub kind: KeyKind,
    /// The tenant's id, with dashes.
    pub tenant: String,
    /// SHA-256 of the secret in hexadecimal: how the tenant stores and finds it.
    pub secret_hash: String,
}

/// Writes the credential of `tenant` (a UUID) with 32 random bytes; `None` for another tenant id.
pub fn issue(kind: KeyKind, tenant: &str, secret: &[u8; 32], mac_key: &[u8]) -> Option<String> {
    let compact = tenant.replace('-', "");
    if with_dashes(&compact).as_deref() != Some(tenant) {
        return None;
    }
    let (prefix, secret) = (kind.prefix(), hex(secret));
    let mac = mac(kind, &compact, &secret, mac_key);
    Some(format!("{prefix}_{compact}_{secret}_{mac}"))
}

/// Reads a credential of that kind; `None` unless one of the Worker's MAC keys made it. Several
/// keys are tried so that the Worker's key can be changed without a pause.
pub fn check(kind: KeyKind, text: &str, mac_keys: &[&[u8]]) -> Option<Credential> {
    let mut parts = text.split('_');
    let [prefix, compact, secret, given] = std::array::from_fn(|_| parts.next().unwrap_or(""));
    if parts.next().is_some() || prefix != kind.prefix() || secret.len() != 64 {
        return None;
    }
    let tenant = with_dashes(compact)?;
    from_hex(secret)?;
    let genuine = mac_keys
        .iter()
        .filter(|key| !key.is_empty())
        .any(|key| equal(mac(kind, compact, secret, key).as_bytes(), given.as_bytes()));
    genuine.then(|| Credential {
        kind,
        tenant,
        secret_hash: hex(&plain(&[secret])),
    })
}

/// The credential in an `Authorization` header: what stands behind `Bearer`, in any case of letters.
pub fn in_authorization(header: &str) -> Option<&str> {
    let (scheme, credential) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| credential.trim())
}

/// What to send in place of a credential that is missing or of another kind; empty where it is of the
/// right kind, and not one of ours or no longer good.
pub fn advice(wanted: KeyKind, given: Option<&str>) -> &'static str {
    let prefix = given.and_then(|text| text.split('_').next());
    match wanted {
        kind if prefix == Some(kind.prefix()) => "",
        KeyKind::Agent => "send an agent's key: `authorization: Bearer csa_…`",
        KeyKind::Policy => "send a key for policy: `authorization: Bearer csp_…`",
        KeyKind::Session => "this is for people, who sign in on the page: no agent's key opens it",
        KeyKind::Invitation => "send an invitation: `csi_…`, as it stands in its link",
    }
}

/// The value of a cookie by its name, of a whole `Cookie` header; the first where there are several.
pub fn in_cookies<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let pairs = header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .into_iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// SHA-256 of the secret within a credential that was just issued, as the tenant stores it.
pub fn stored_hash(secret: &[u8; 32]) -> String {
    hex(&plain(&[&hex(secret)]))
}

fn mac(kind: KeyKind, compact_tenant: &str, secret: &str, mac_key: &[u8]) -> String {
    let digest = keyed(
        mac_key,
        &["countersign key v1", kind.prefix(), compact_tenant, secret],
    );
    hex(digest
        .first_chunk::<16>()
        .map_or(&[], |half| half.as_slice()))
}

fn with_dashes(compact: &str) -> Option<String> {
    if compact.len() != 32 {
        return None;
    }
    from_hex(compact)?;
    let mut tenant = String::with_capacity(36);
    for (index, character) in compact.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            tenant.push('-');
        }
        tenant.push(character);
    }
    Some(tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0198c0de-0000-7000-8000-000000000001";
    const KEY: &[u8] = b"a key of the Worker";

    #[test]
    fn only_what_the_worker_issued_passes() {
        let key = issue(KeyKind::Agent, TENANT, &[7; 32], KEY).unwrap();
        let credential = check(KeyKind::Agent, &key, &[b"newer", KEY]).unwrap();
        assert_eq!(credential.tenant, TENANT);
        assert_eq!(credential.secret_hash, stored_hash(&[7; 32]));
        assert_eq!(check(KeyKind::Session, &key, &[KEY]), None);
        assert_eq!(check(KeyKind::Agent, &key, &[b"another", b""]), None);
        for index in 0..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[index] = if bytes[index] == b'1' { b'2' } else { b'1' };
            let forged = String::from_utf8(bytes).unwrap();
            assert_eq!(check(KeyKind::Agent, &forged, &[KEY]), None, "{forged}");
        }
        assert_eq!(check(KeyKind::Agent, &format!("{key}_"), &[KEY]), None);
        assert_eq!(issue(KeyKind::Agent, "acme", &[7; 32], KEY), None);
    }

    #[test]
    fn who_shows_another_kind_or_none_is_told_which() {
        let agent = advice(KeyKind::Agent, None);
        assert!(agent.contains("csa_"));
        assert_eq!(advice(KeyKind::Agent, Some("sk-1")), agent);
        assert_eq!(advice(KeyKind::Agent, Some("csa_1_2_3")), "");
        assert!(advice(KeyKind::Policy, Some("csa_1_2_3")).contains("csp_"));
        assert!(advice(KeyKind::Session, Some("csa_1_2_3")).contains("sign in"));
    }

    #[test]
    fn headers_are_read_as_browsers_and_programs_write_them() {
        assert_eq!(in_authorization("Bearer csa_1 "), Some("csa_1"));
        assert_eq!(in_authorization("bearer  csa_1"), Some("csa_1"));
        assert_eq!(in_authorization("Basic csa_1"), None);
        assert_eq!(in_authorization("csa_1"), None);
        for (header, expected) in [
            ("a=1; session=css_1; session=2", Some("css_1")),
            ("session=", Some("")),
            ("sessions=1; session", None),
            ("", None),
        ] {
            assert_eq!(in_cookies(header, "session"), expected, "{header}");
        }
    }

    #[test]
    fn the_format_is_fixed() {
        assert_eq!(
            issue(KeyKind::Agent, TENANT, &[0; 32], KEY).unwrap(),
            "csa_0198c0de000070008000000000000001_\
             0000000000000000000000000000000000000000000000000000000000000000_\
             bf49968ad4a9bde1f408f81d5e82ee70"
        );
    }
}

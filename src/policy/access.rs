//! Cloudflare Access: what its token claims, and whether that makes someone a person of a tenant. It
//! must not check the signature: the platform does, before anything here counts.

use crate::members;
use crate::time::Millis;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// A token above this is not read; Access's have some 1,200 bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Clocks differ by this much at most, in milliseconds.
pub const SKEW_MS: u64 = 30_000;

/// A token whose form is right; nobody has checked its signature or its claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which of the issuer's keys signed it.
    pub kid: String,
    /// The bytes that are signed.
    pub signed: String,
    /// The signature.
    pub signature: Vec<u8>,
    claims: Claims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

/// What Access says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Who it is, as far as the token goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Their mail address, in lower case.
    pub mail: String,
    /// The application of Access that they came by.
    pub audience: String,
    /// The token counts until then.
    pub until: Millis,
}

impl Token {
    /// Reads a token; `None` unless it is an RS256 one of the form that Access issues.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = members::read(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        // The algorithm is ours to choose, never the token's.
        (header.alg == "RS256").then_some(Self {
            kid: header.kid,
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            claims: members::read(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?,
        })
    }

    /// Who it is, if the issuer is this one, one of its audiences is known, and the time is right.
    pub fn identity(&self, issuer: &str, known: &[&str], now: Millis) -> Option<Identity> {
        let claims = &self.claims;
        let audiences = match &claims.aud {
            Audience::One(one) => std::slice::from_ref(one),
            Audience::Several(several) => several.as_slice(),
        };
        let audience = audiences.iter().find(|one| known.contains(&one.as_str()))?;
        let until = Millis(claims.exp.saturating_mul(1_000));
        let from_ms = claims.nbf.unwrap_or(0).saturating_mul(1_000);
        let in_time = now < until.plus(SKEW_MS) && from_ms <= now.plus(SKEW_MS).0;
        let mail = claims.email.as_ref().filter(|mail| mail.contains('@'))?;
        (claims.iss == issuer && in_time).then(|| Identity {
            mail: mail.to_lowercase(),
            audience: audience.clone(),
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://team.example";

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!(
            "{}.{}.{}",
            part(header),
            part(claims),
            URL_SAFE_NO_PAD.encode("signature")
        )
    }

    fn identity(change: &Value) -> Option<Identity> {
        let mut claims = json!({
            "iss": ISSUER, "aud": ["app"], "exp": 1_000, "nbf": 900, "email": "Ada@Example.com"
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let text = token(&json!({ "alg": "RS256", "kid": "k1" }), &claims);
        Token::parse(&text)?.identity(ISSUER, &["app"], Millis(950_000))
    }

    #[test]
    fn a_token_counts_for_its_issuer_audience_and_time_alone() {
        let known = identity(&json!({})).unwrap();
        assert_eq!(
            (known.mail.as_str(), known.until),
            ("ada@example.com", Millis(1_000_000))
        );
        assert!(identity(&json!({ "aud": "app" })).is_some());
        for change in [
            json!({ "iss": "https://other.example" }),
            json!({ "aud": ["another"] }),
            json!({ "exp": 919 }),
            json!({ "nbf": 981 }),
            json!({ "email": null }),
            json!({ "email": "service-token" }),
        ] {
            assert_eq!(identity(&change), None, "{change}");
        }
    }

    #[test]
    fn the_token_never_chooses_its_algorithm() {
        let claims = json!({ "iss": ISSUER, "aud": "app", "exp": 1_000, "email": "a@b" });
        for alg in ["none", "HS256", "rs256", "ES256"] {
            assert_eq!(
                Token::parse(&token(&json!({ "alg": alg, "kid": "k1" }), &claims)),
                None
            );
        }
        assert_eq!(
            Token::parse(&token(&json!({ "alg": "RS256" }), &claims)),
            None
        );
        assert_eq!(Token::parse("a.b.c"), None);
        assert_eq!(Token::parse(""), None);
    }
}

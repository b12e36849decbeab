//! Any text as a token of Cloudflare Access: it names nobody whom its issuer, audience and time do not.

#![no_main]

use countersign_policy::access::Token;
use countersign_policy::time::Millis;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(token) = Token::parse(text) else {
        return;
    };
    for now in [0, 1_795_315_320_123, u64::MAX] {
        assert_eq!(token.identity("https://nobody.example", &[], Millis(now)), None);
        let identity = token.identity("https://acme.cloudflareaccess.com", &["known"], Millis(now));
        assert!(identity.is_none_or(|who| who.mail.contains('@') && who.audience == "known"));
    }
});

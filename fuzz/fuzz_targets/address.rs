//! Any text as an address to call, or as a host: what passes is https to a public place, and passes again
//! as it will be called.

#![no_main]

use countersign_policy::destination::{Reach, check, is_host};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(url) = check(text, Reach::Public, &[]) {
        assert_eq!(url.scheme(), "https");
        assert_eq!(check(url.as_str(), Reach::Public, &[]), Ok(url.clone()));
        let host = url.host_str().unwrap_or_default().to_owned();
        assert!(is_host(&host));
        assert_eq!(check(text, Reach::Public, &[host]), Ok(url));
    }
    let _ = check(text, Reach::ThisMachineToo, &["example.com".to_owned()]);
    let _ = is_host(text);
});

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| certauthz_fuzz::token(data));

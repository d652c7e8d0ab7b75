#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| certauthz_fuzz::signature_fields(data));

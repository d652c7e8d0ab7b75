//! What the commands print and how they exit, as data: one file per subject under `tests/cli/`.

#[test]
fn cli() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .case("tests/cli/*.trycmd")
        .case("tests/cli/*/*.toml")
        .run();
}

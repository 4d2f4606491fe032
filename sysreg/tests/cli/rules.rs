//! Command `rules`: the rules of fields as JSON and as a C header.

use crate::{TempFolder, run, text};
use expect_test::expect_file;
use serde_json::Value;
use std::io::{self, Write};
use std::process::{Command, Output};

/// Fields of several kinds, with the names, encodings and bits of the built-in description.
const FIELDS: &str = "\
Sysreg ID_AA64DFR0_EL1 3 0 0 5 0
Res0 63:12
UnsignedEnum 11:8 PMUVer
0b0000 NI
0b1111 IMP_DEF
EndEnum
Res0 7:4
Field 3:0 DebugVer
EndSysreg
Sysreg ID_AA64ISAR0_EL1 3 0 0 6 0
Res0 63:48
Field 47:44 DP
Res0 43:0
EndSysreg
Sysreg CTR_EL0 3 3 0 0 1
Res0 63:16
Field 15:14 L1Ip
Res0 13:0
EndSysreg
";

fn printed(arguments: &[&str]) -> String {
    let folder = TempFolder::new(
        &format!("rules{}", arguments.concat()),
        &[("fields", FIELDS)],
    );
    let output = run(&mut folder.command(arguments));
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout)
}

#[test]
fn json_of_a_description() {
    let json = printed(&["rules", "--json", "fields"]);
    expect_file!["rules/fields.json"].assert_eq(&json);
}

#[test]
fn c_header_of_a_description() {
    let header = printed(&["rules", "--c-header", "fields"]);
    expect_file!["rules/fields.h"].assert_eq(&header);
}

#[test]
fn json_has_every_field_with_its_rule() {
    let json: Value = serde_json::from_str(&printed(&["rules", "--json"])).expect("JSON");
    assert_eq!(json["schema"], "idreg-rules/1");
    let fields = json["fields"].as_array().expect("fields");
    assert!(fields.len() > 380, "{}", fields.len());
    for field in fields {
        assert!(
            field["safety"].is_string() && field["audience"].is_string(),
            "{field}"
        );
        // A row of the C header has as many.
        assert!(
            field["refused"]
                .as_array()
                .is_some_and(|ranges| ranges.len() <= 2),
            "{field}"
        );
    }
    let dp = fields
        .iter()
        .find(|field| field["property"] == "SYSREG_ID_AA64ISAR0_EL1_DP");
    assert_eq!(dp.expect("DP")["features"][0], "FEAT_DotProd");
    let features = json["features"].as_array().expect("features");
    assert!(features.len() > 270, "{}", features.len());
}

#[test]
fn a_form_is_needed() {
    let folder = TempFolder::new("rules-none", &[]);
    for arguments in [&["rules"][..], &["rules", "--json", "--c-header"]] {
        let output = run(&mut folder.command(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

/// The example of the header, with rules of each direction.
const EXAMPLE: &str = r#"
#include "idreg-rules.h"
#include <stdio.h>

int main(void)
{
	const struct idreg_field *dp = idreg_field_of("SYSREG_ID_AA64ISAR0_EL1_DP");
	const struct idreg_field *fp = idreg_field_of("SYSREG_ID_AA64PFR0_EL1_FP");
	const struct idreg_field *debug = idreg_field_of("SYSREG_ID_AA64DFR0_EL1_DebugVer");
	const struct idreg_field *l1ip = idreg_field_of("SYSREG_CTR_EL0_L1Ip");
	const struct idreg_field *evt = idreg_field_of("SYSREG_ID_AA64MMFR2_EL1_EVT");
	size_t ranges = sizeof(idreg_feature_ranges) / sizeof(idreg_feature_ranges[0]);

	for (size_t i = 0; i < ranges; i++)
		if (!strcmp(idreg_feature_ranges[i].feature, "FEAT_DotProd") &&
		    &idreg_fields[idreg_feature_ranges[i].field] == dp)
			printf("%s from %d\n", dp->property, (int)idreg_feature_ranges[i].first);
	printf("%#llx\n", (unsigned long long)idreg_insert(dp, UINT64_MAX, 0));
	printf("%d%d ", idreg_accepts(dp, 1, 0), idreg_accepts(dp, 1, 2));
	printf("%d%d ", idreg_accepts(fp, 1, 0xf), idreg_accepts(fp, 0xf, 0));
	printf("%d%d ", idreg_accepts(debug, 9, 6), idreg_accepts(debug, 9, 5));
	printf("%d%d ", idreg_accepts(l1ip, 3, 2), idreg_accepts(l1ip, 2, 3));
	printf("%d %#x\n", evt->audience == IDREG_AUDIENCE_EL2, evt->encoding);
	return idreg_field_of("SYSREG_NONE") != NULL;
}
"#;

/// Compiles with all warnings as errors, and runs.
#[test]
fn c_header_compiles_and_its_functions_work() {
    let header = printed(&["rules", "--c-header"]);
    let files = [("idreg-rules.h", header.as_str()), ("example.c", EXAMPLE)];
    let folder = TempFolder::new("rules-c", &files);
    let compiler = Command::new("cc")
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "example.c",
            "-o",
            "example",
        ])
        .current_dir(&folder.0)
        .output();
    let build: Output = match compiler {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The test harness captures println!.
            let _ = writeln!(
                io::stderr(),
                "skipped: the C header is not compiled: no `cc`"
            );
            return;
        }
        output => output.expect("the compiler runs"),
    };
    assert!(build.status.success(), "{}", text(&build.stderr));
    let output = run(&mut Command::new(folder.0.join("example")));
    assert_eq!(
        text(&output.stdout),
        "SYSREG_ID_AA64ISAR0_EL1_DP from 1\n0xffff0fffffffffff\n10 10 10 10 1 0xc03a\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

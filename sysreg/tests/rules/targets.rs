//! Rules about the targets of `Fields` and `Mapping`.

use crate::check;
use expect_test::expect;
use sysreg::{Rule, Severity, Source, load, load_strict};

#[test]
fn unknown_target() {
    check(
        Rule::UnknownTarget,
        "Sysreg A 3 0 0 0 0\n\
         Fields F\n\
         EndSysreg\n\
         \n\
         Sysreg B 3 0 0 0 1\n\
         Mapping C\n\
         EndSysreg\n",
        &expect![[r#"
            A: no `SysregFields F` in this description
              at test.sysreg:2:8
                |
              2 | Fields F
                |        ^
              note: the register is known, its fields are not
            B: no `Sysreg C` in this description
              at test.sysreg:6:9
                |
              6 | Mapping C
                |         ^
              note: the register is known, its fields are not
        "#]],
    );
}

#[test]
fn unknown_target_leaves_the_register_opaque() {
    for load in [load, load_strict] {
        let source = Source::new("test.sysreg", "Sysreg A 3 0 0 0 0\nFields F\nEndSysreg\n");
        let loaded = load(&source.unwrap());
        let severities: Vec<_> = loaded.diagnostics.iter().map(|d| d.severity).collect();
        assert_eq!(severities, [Severity::Warning]);
        let register = loaded.model.register("A").unwrap();
        assert!(loaded.model.layout(register).is_none());
    }
}

#[test]
fn circular_mapping() {
    check(
        Rule::CircularMapping,
        "Sysreg A 3 0 0 0 0\n\
         Mapping B\n\
         EndSysreg\n\
         \n\
         Sysreg B 3 0 0 0 1\n\
         Mapping A\n\
         EndSysreg\n\
         \n\
         Sysreg C 3 0 0 0 2\n\
         Mapping C\n\
         EndSysreg\n",
        &expect![[r#"
            A: this mapping leads back to itself
              at test.sysreg:2:9
                |
              2 | Mapping B
                |         ^
              note: by way of `Mapping A`, at test.sysreg:6:9
            C: this mapping leads back to itself
              at test.sysreg:10:9
                 |
              10 | Mapping C
                 |         ^
        "#]],
    );
}

#[test]
fn a_second_register_of_a_name_is_on_no_circle() {
    check(
        Rule::DuplicateRegister,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n\
         \n\
         Sysreg A 3 0 0 0 0\n\
         Mapping B\n\
         EndSysreg\n\
         \n\
         Sysreg B 3 0 0 0 1\n\
         Mapping A\n\
         EndSysreg\n",
        &expect![[r#"
            A: a second `Sysreg` of this name
              at test.sysreg:5:8
                |
              5 | Sysreg A 3 0 0 0 0
                |        ^
              note: the first one is here, at test.sysreg:1:8
        "#]],
    );
}

//! Files of other tools.

use idreg_runtime::formats::firecracker::{Document, Template, TemplateModel};
use idreg_runtime::formats::machine_text::{InvalidMachineText, MachineHost};
use idreg_runtime::formats::qemu::{Expansion, InvalidOptions, QemuGuest, read};
use idreg_runtime::formats::{TextFormat, arm_cpu_info, boot_log, windows};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;

/// Every format reads any text without a panic. A template that can be read is written so that it
/// reads as the same template, a model has a text that reads as the same model, and the file of a
/// host, if it reads, reads as the same host.
pub fn import(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let _answer = TextFormat::of(text);
    match serde_json::from_str(text) {
        Ok(Document::Template(template)) => check_template(&template),
        Ok(Document::Fingerprint(fingerprint)) => check_template(&fingerprint.guest_cpu_config),
        Err(_) => {}
    }
    if let Ok(expansion) = serde_json::from_str::<Expansion>(text) {
        check_guest(expansion.guest());
    }
    check_guest(read(text));
    check_machine(windows::read(text));
    check_machine(arm_cpu_info::read(text));
    check_machine(boot_log::read(text));
}

fn check_template(template: &Template) {
    let again: Template = serde_json::from_str(&template.to_string()).expect("our own template");
    assert_eq!(&again, template);
    check_model(&TemplateModel::new(template).model);
    if let Ok(host) = template.host("7.2.0") {
        check_host(&host);
    }
    if let Ok(view) = template.view("7.2.0") {
        let file = serde_json::to_string(&view).expect("a view file");
        assert_eq!(serde_json::from_str(&file).ok(), Some(view));
    }
}

fn check_guest(guest: Result<QemuGuest, InvalidOptions>) {
    match guest {
        Ok(guest) => check_model(&guest.model),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check_machine(read: Result<MachineHost, InvalidMachineText>) {
    match read {
        Ok(read) => check_host(&read.host),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check_model(model: &CpuModel) {
    assert_eq!(model.to_string().parse().as_ref(), Ok(model));
}

fn check_host(host: &Host) {
    let file = serde_json::to_string(host).expect("a host file");
    if let Ok(again) = serde_json::from_str::<Host>(&file) {
        assert_eq!(&again, host);
    }
}

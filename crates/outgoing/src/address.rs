//! Which addresses are not the public network's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that is meant: version 4 addresses inside version 6 forms (mapped, compatible, NAT64, 6to4) taken out.
pub(crate) fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let segments = v6.segments();
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let found = match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => inner(high, low),
        _ => return address,
    };
    IpAddr::V4(found)
}

/// Why requests do not go to an address; `None` for one of the public network.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    match unwrapped(address) {
        IpAddr::V4(v4) => v4_refusal(v4),
        IpAddr::V6(v6) => v6_refusal(v6),
    }
}

fn v4_refusal(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (127, ..) => "this machine",
        (0, ..) => "this network",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private network",
        (100, 64..=127, _) => "a provider's inner network",
        (169, 254, _) => "a link-local address, where clouds keep their metadata",
        (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) => "a special address",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "an address for examples",
        (224..=239, ..) => "a multicast address",
        (240.., ..) => "a reserved address",
        _ => return None,
    })
}

fn v6_refusal(address: Ipv6Addr) -> Option<&'static str> {
    let [first, second, ..] = address.segments();
    Some(match (first, second) {
        _ if address.is_loopback() => "this machine",
        _ if address.is_unspecified() => "this network",
        (0xfc00..=0xfdff, _) => "a private network",
        (0xfe80..=0xfeff, _) => "a link-local address",
        (0xff00.., _) => "a multicast address",
        (0x2001, 0..=0x01ff) => "a special address",
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => "an address for examples",
        (0x2000..=0x3fff, _) => return None,
        _ => "a special address",
    })
}

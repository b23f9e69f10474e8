"""Wallets for tests of login: an EVM one in plain Python, an Ed25519 one by the openssl command.

Not for secrets: nothing here runs in constant time.
"""
import hashlib
import os
import subprocess
import tempfile

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def keccak256(data):
    """Keccak with the padding it had before it became SHA-3."""
    rate, lanes = 136, [[0] * 5 for _ in range(5)]
    padded = bytearray(data) + b"\x01" + bytes(-(len(data) + 1) % rate)
    padded[-1] |= 0x80
    for start in range(0, len(padded), rate):
        for i in range(rate // 8):
            lanes[i % 5][i // 5] ^= int.from_bytes(padded[start + 8 * i:start + 8 * i + 8],
                                                   "little")
        permute(lanes)
    return b"".join(lanes[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def rotate(value, count):
    count %= 64
    return (value << count | value >> (64 - count)) & (2**64 - 1)


def permute(a):
    feedback = 1
    for _ in range(24):
        parity = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        for x in range(5):
            mix = parity[(x + 4) % 5] ^ rotate(parity[(x + 1) % 5], 1)
            for y in range(5):
                a[x][y] ^= mix
        x, y, current = 1, 0, a[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], rotate(current, (t + 1) * (t + 2) // 2)
        for y in range(5):
            row = [a[x][y] for x in range(5)]
            for x in range(5):
                a[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for j in range(7):
            feedback = (feedback << 1 ^ (feedback >> 7) * 0x71) % 256
            if feedback & 2:
                a[0][0] ^= 1 << ((1 << j) - 1)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(point, factor):
    result = None
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


class EvmWallet:
    def __init__(self, name):
        self.key = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % N
        x, y = multiply(G, self.key)
        self.address = "0x" + keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:].hex()

    def sign(self, text):
        """personal_sign: "0x" and 65 bytes r s v in hexadecimal."""
        data = text.encode()
        prefix = f"\x19Ethereum Signed Message:\n{len(data)}".encode()
        digest = int.from_bytes(keccak256(prefix + data), "big")
        k = int.from_bytes(hashlib.sha256(self.key.to_bytes(32, "big") + data).digest(), "big") % N
        x, y = multiply(G, k)
        r = x % N
        s = pow(k, -1, N) * (digest + r * self.key) % N
        v = y & 1
        if s > N // 2:
            s, v = N - s, v ^ 1
        return "0x" + r.to_bytes(32, "big").hex() + s.to_bytes(32, "big").hex() + f"{27 + v:02x}"


def base58(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


class Ed25519Wallet:
    def __init__(self, folder):
        self.path = os.path.join(folder, "ed25519.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path],
                       check=True, capture_output=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"],
                             check=True, capture_output=True).stdout
        self.address = base58(der[-32:])

    def sign(self, text):
        with tempfile.NamedTemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path,
                                   "-in", file.name], check=True, capture_output=True)
        return base58(done.stdout)

package accesstoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"

	"golang.org/x/crypto/scrypt"
)

// hashes turns accounts and credentials into names that tell them apart and
// nothing else.
type hashes struct {
	key []byte

	mu        sync.Mutex
	passwords map[string]string // what scrypt made of them; guarded by mu
}

func newHashes(key []byte) *hashes { return &hashes{key: key, passwords: map[string]string{}} }

// account identifies what Equinix locks.
func (h *hashes) account(request Request) string {
	return h.sum("account", request.endpoint.String(), request.clientID, request.userName)
}

// credential identifies what Equinix accepts or rejects for an account. What
// else a payload contains makes no difference.
func (h *hashes) credential(request Request) string {
	return h.sum("credential", request.clientSecret, request.grantType, h.password(request.userPassword), request.passwordEncoding)
}

// password hashes what a person may have thought of, and another could guess.
func (h *hashes) password(password string) string {
	if password == "" {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if sum, ok := h.passwords[password]; ok {
		return sum
	}
	const n, r, p, size = 1 << 15, 8, 1, 32 // 32 MiB and some 60 ms, as RFC 7914 advises for logins
	sum, err := scrypt.Key([]byte(password), h.key, n, r, p, size)
	if err != nil {
		panic(err) // the parameters are constants that scrypt takes
	}
	h.passwords[password] = string(sum)
	return string(sum)
}

func (h *hashes) sum(parts ...string) string {
	mac := hmac.New(sha256.New, h.key)
	for _, part := range parts {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(part))) // a hash takes all
		mac.Write([]byte(part))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

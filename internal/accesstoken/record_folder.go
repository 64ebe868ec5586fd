package accesstoken

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

const (
	// maxRecordFile is how large a record's file may be, in bytes. Real ones have
	// some hundreds.
	maxRecordFile = 64 << 10
	// maxLockWait is how long the lock of a file is waited for. Its holders need it
	// for the time of a read and a write.
	maxLockWait = 2 * time.Second
	keySize     = 32 // bytes
)

// recordFolder holds, for the processes of one user, the record of each account
// and the key of the hashes in them. Nobody else can read it.
type recordFolder struct{ path string }

// recordFile is the file of one account's record, with two locks beside it:
// PATH.turn is held while an unproven credential is on its way, PATH.lock while
// the file is changed. The file is replaced as a whole, so that it can be read
// without a lock.
type recordFile struct {
	path string
	turn *flock.Flock
}

// openRecordFolder opens or creates the folder and the key in it.
func openRecordFolder(path string) (*recordFolder, []byte, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		return nil, nil, errors.New("it is not a folder")
	}
	if !ownedByUser(info) {
		return nil, nil, errors.New("it belongs to another user")
	}
	if info.Mode().Perm() != 0o700 {
		if err := os.Chmod(path, 0o700); err != nil { //nolint:gosec // a folder needs the x
			return nil, nil, err
		}
	}
	folder := &recordFolder{path: path}
	key, err := folder.key()
	return folder, key, err
}

// key returns the key in the folder, which is made when there is none that can
// be used.
func (f *recordFolder) key() ([]byte, error) {
	path := filepath.Join(f.path, "key")
	key, err := readFile(path, keySize)
	if err == nil && len(key) == keySize {
		return key, nil
	}
	unlock, err := lock(context.Background(), path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if key, err := readFile(path, keySize); err == nil && len(key) == keySize {
		return key, nil // another process has just made it
	}
	key = make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	return key, replaceFile(path, key)
}

func (f *recordFolder) record(id string) *recordFile {
	path := filepath.Join(f.path, id+".json")
	return &recordFile{path: path, turn: flock.New(path+".turn", flock.SetPermissions(0o600))}
}

// tryTurn takes the account's turn if no other process has it.
func (f *recordFile) tryTurn() (taken bool, release func(), err error) {
	if err := clearPlace(f.turn.Path()); err != nil {
		return false, nil, err
	}
	taken, err = f.turn.TryLock()
	if err != nil || !taken {
		return false, func() {}, err
	}
	return true, func() { _ = f.turn.Unlock() }, nil
}

// read returns the record; an empty one where there is no file, and with an
// error where it cannot be used. settled says that the file names a time to come.
func (f *recordFile) read() (stored record, settled bool, err error) {
	content, err := readFile(f.path, maxRecordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, false, nil
	}
	if err != nil {
		return record{}, false, err
	}
	if err := json.Unmarshal(content, &stored); err != nil {
		return record{}, false, errors.New("it is not a record")
	}
	if err := stored.check(); err != nil {
		return record{}, false, err
	}
	// Not earlier: another process may have written it just now.
	settled = stored.settle(time.Now())
	return stored, settled, nil
}

// update changes the record. A file that cannot be used is replaced.
func (f *recordFile) update(ctx context.Context, change func(*record)) error {
	unlock, err := lock(ctx, f.path)
	if err != nil {
		return err
	}
	defer unlock()
	stored, _, _ := f.read()
	before, _ := readFile(f.path, maxRecordFile)
	change(&stored)
	after, err := json.MarshalIndent(stored, "", "  ")
	if err != nil {
		return err
	}
	if bytes.Equal(before, after) {
		return nil
	}
	return replaceFile(f.path, after)
}

// lock takes the lock beside a file. Only what holds it writes the file.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	path += ".lock"
	if err := clearPlace(path); err != nil {
		return nil, err
	}
	return wait(ctx, flock.New(path, flock.SetPermissions(0o600)))
}

// wait takes a lock that nobody holds for long.
func wait(ctx context.Context, file *flock.Flock) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, maxLockWait)
	defer cancel()
	if _, err := file.TryLockContext(ctx, 2*time.Millisecond); err != nil {
		return nil, err
	}
	return func() { _ = file.Unlock() }, nil
}

// readFile reads a regular file of at most that size. It follows no link and
// opens nothing that could block.
func readFile(path string, maxSize int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > maxSize {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxSize)
	}
	var content []byte
	err = despiteOthers(func() (err error) {
		content, err = os.ReadFile(path) //nolint:gosec // the path is made here
		return err
	})
	return content, err
}

// replaceFile writes a file as a whole or not at all. Whoever is killed in
// between leaves one file behind, which the next one overwrites.
func replaceFile(path string, content []byte) error {
	if err := clearPlace(path); err != nil {
		return err
	}
	draft := path + ".draft"
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := os.WriteFile(draft, content, 0o600)
	if err == nil {
		err = despiteOthers(func() error { return os.Rename(draft, path) })
	}
	if err != nil {
		_ = os.Remove(draft)
	}
	return err
}

// clearPlace removes what stands in the place of a file and is none: a link, a
// pipe, an empty folder.
func clearPlace(path string) error {
	if isFileOrAbsent(path) {
		return nil
	}
	// One at a time, or it would be the file that another has just put there.
	unlock, err := wait(context.Background(), flock.New(filepath.Dir(path), flock.SetFlag(os.O_RDONLY)))
	if err != nil {
		return err
	}
	defer unlock()
	if isFileOrAbsent(path) {
		return nil
	}
	return os.Remove(path)
}

// isFileOrAbsent also takes what cannot be looked at for a file: whoever opens
// it learns why.
func isFileOrAbsent(path string) bool {
	info, err := os.Lstat(path)
	return err != nil || info.Mode().IsRegular()
}

// despiteOthers repeats what Windows refuses while another process reads or
// replaces the same file, some milliseconds each time.
func despiteOthers(do func() error) error {
	err := do()
	for tries := 0; err != nil && runtime.GOOS == "windows" && !errors.Is(err, fs.ErrNotExist) && tries < 50; tries++ {
		time.Sleep(2 * time.Millisecond)
		err = do()
	}
	return err
}

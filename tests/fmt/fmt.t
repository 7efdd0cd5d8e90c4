#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command `infra fmt`: options, exit status, what it prints and what it leaves alone.
infra=${INFRA:?}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
n=0
check() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then echo "ok $n - $1"; else
		echo "not ok $n - $1"
		printf '%s\n' "wanted:" "$2" "got:" "$3" | sed 's/^/# /'
	fi
}
make_files() {
	rm -rf a
	mkdir -p a/inner a/.hidden
	printf 'a=1\n' >a/one.tf
	printf 'a = 1\n' >a/good.tf
	printf 'b=1\n' >a/two.infra
	printf 'c=1\n' >a/three.tfvars
	printf 'd=1\n' >a/inner/four.tf
	printf 'e=1\n' >a/.hidden/five.tf
	printf 'f=1\n' >a/notes.txt
	printf 'g=1\n' >a/old.tf~
}

echo 1..19
make_files
check "changed files are named" "a/one.tf
a/three.tfvars
a/two.infra" "$("$infra" fmt a)"
check "and changed" "a = 1 b = 1 c = 1" "$(cat a/one.tf a/two.infra a/three.tfvars | paste -sd' ')"
check "others are left alone" "d=1 e=1 f=1 g=1" "$(cat a/inner/four.tf a/.hidden/five.tf a/notes.txt a/old.tf~ | paste -sd' ')"
check "a second time nothing is to be done" "" "$("$infra" fmt a)"
check "-recursive takes inner directories, but hidden ones" "a/inner/four.tf" "$("$infra" fmt -recursive a)"
make_files
check "-check names and tells by its status" "a/one.tf a/three.tfvars a/two.infra 3" "$({ "$infra" fmt -check a; echo $?; } | paste -sd' ')"
check "-check writes nothing" "a=1" "$(cat a/one.tf)"
check "-check of what is in order" "0" "$("$infra" fmt -check a/good.tf; echo $?)"
check "-diff" "--- old/a/one.tf
+++ new/a/one.tf
@@ -1 +1 @@
-a=1
+a = 1" "$("$infra" fmt -diff -list=false -write=false a/one.tf)"
check "-write=false -list=false prints the result" "a = 1" "$("$infra" fmt -write=false -list=false a/one.tf)"
check "standard input" "x = 1" "$(printf 'x=1' | "$infra" fmt -)"
check "-check of standard input" "3" "$(printf 'x=1' | "$infra" fmt -check -; echo $?)"
check "the working directory" "good.tf" "$(cd a && printf 'a=1\n' >good.tf && "$infra" fmt good.tf)"
check "a mistake is shown, the file stays" "2 Error: Missing expression a =" \
	"$(printf 'a =\n' >a/bad.tf; "$infra" fmt a/bad.tf 2>err; echo $? $(head -1 err) $(cat a/bad.tf))"
check "other files are formatted nevertheless" "a = 1" "$("$infra" fmt a >/dev/null 2>&1; cat a/one.tf)"
check "a file of another kind is refused" "2 f=1" "$("$infra" fmt a/notes.txt 2>/dev/null; echo $? $(cat a/notes.txt))"
check "a missing file" "2" "$("$infra" fmt a/none.tf 2>/dev/null; echo $?)"
check "an unknown option" "1" "$("$infra" fmt -chek a 2>/dev/null; echo $?)"
make_files
chmod 646 a/one.tf
ln -s a/one.tf link.tf
"$infra" fmt link.tf >/dev/null
check "permissions and symbolic links stay" "646 a/one.tf a = 1" "$(stat -c %a a/one.tf) $(readlink link.tf) $(cat a/one.tf)"

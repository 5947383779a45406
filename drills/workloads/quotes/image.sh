# image.sh, sourced: ends the script where $image is no reference of an image. It goes into the text of sed commands and of
# helm's --set, which have a syntax of their own; sed can even start programs.
case $image in
    '' | *[!A-Za-z0-9._:/@-]*)
        printf 'no reference of an image: %s\n' "$image" >&2
        exit 64
        ;;
esac

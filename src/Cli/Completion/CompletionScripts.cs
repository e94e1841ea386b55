namespace Coder.Mesh.Cli.Completion;

/// <summary>Scripts that make a shell call `mesh` for completions.</summary>
internal static class CompletionScripts
{
    public const string Bash = """
        # bash completion of mesh
        _mesh() {
            local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} typed prefix label at=
            # What bash takes for a word ends at =, : and @, and what is typed may go on before it.
            [[ $word == [=:@] ]] && word=
            # But it takes an @ away with what it replaces, where it completes host names too.
            [[ $2 == @* ]] && at=@
            typed=${line##* }
            prefix=${typed%"$word"}
            COMPREPLY=()
            while IFS=$'\t' read -r label _; do
                if [[ $label == :files ]]; then
                    compopt -o default
                elif [[ -n $label ]]; then
                    COMPREPLY+=("$at${label#"$prefix"}")
                fi
            done < <("${COMP_WORDS[0]/#\~\//$HOME/}" '[suggest]' "$line" 2>/dev/null)
        }
        complete -F _mesh mesh

        """;

    public const string Zsh = """
        #compdef mesh
        _mesh() {
            local label text
            local -a described
            while IFS=$'\t' read -r label text; do
                if [[ $label == :files ]]; then
                    _files
                    return
                fi
                [[ -n $label ]] && described+=("${label//:/\\:}${text:+:$text}")
            done < <("${words[1]/#\~\//$HOME/}" '[suggest]' "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)
            _describe mesh described
        }
        if [[ ${funcstack[1]} == _mesh ]]; then
            _mesh "$@"
        else
            compdef _mesh mesh
        fi

        """;

    public const string Fish = """
        # fish completion of mesh
        function __mesh_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l mesh (string replace -r '^~/' "$HOME/" -- $words[1])
            type -q $mesh; or return
            for line in ($mesh '[suggest]' (string join ' ' -- $words "$current") 2>/dev/null)
                if test "$line" = :files
                    __fish_complete_path "$current"
                else
                    echo $line
                end
            end
        end
        complete -c mesh -f -a '(__mesh_complete)'

        """;
}
